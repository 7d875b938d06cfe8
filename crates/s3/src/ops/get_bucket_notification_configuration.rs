//! GetBucketNotificationConfiguration: no bucket notifies anybody yet, which S3 shows as an empty answer.

use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access;
use crate::model::{
    GetBucketNotificationConfiguration, GetBucketNotificationConfigurationRequest, NotificationConfiguration,
};

impl Operation for GetBucketNotificationConfiguration {
    type Access = Read;

    fn needs(input: &GetBucketNotificationConfigurationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        access::on_bucket(
            s3::GetBucketNotification,
            at,
            &input.bucket,
            input.expected_bucket_owner.as_deref(),
        )
    }

    fn run(_req: &mut Authorized<'_, Self>) -> Result<NotificationConfiguration, Fault> {
        Ok(NotificationConfiguration::default())
    }
}
