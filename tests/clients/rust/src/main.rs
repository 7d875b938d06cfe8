//! Prints what AWS's SDK for Rust finds by itself inside an instance: the region and the credentials of the metadata
//! service, and whom those credentials are taken for. One line for each; the third is an error's text when they are none.

use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_types::error::display::DisplayErrorContext;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    println!("{}", config.region().map_or("no region", |region| region.as_ref()));
    let provider = config.credentials_provider().ok_or("no provider of credentials")?;
    match provider.provide_credentials().await {
        Ok(found) => {
            let left = found.expiry().and_then(|end| end.duration_since(SystemTime::now()).ok());
            let minutes = left.unwrap_or(Duration::ZERO).as_secs() / 60;
            println!("{} for {minutes} minutes", found.access_key_id());
        }
        Err(error) => {
            println!("no credentials");
            println!("{}", DisplayErrorContext(error));
            return Ok(());
        }
    }
    let me = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    match me {
        Ok(me) => println!("{}", me.arn().unwrap_or_default()),
        Err(error) => println!("{}", DisplayErrorContext(error)),
    }
    Ok(())
}
