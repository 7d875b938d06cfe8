//! Role credentials from the metadata service, at a steady rate. The instance is a plain process, so that its service is on
//! loopback, where this generator reaches it; isolated instances reach theirs over a virtual link that is as fast.

use std::net::SocketAddr;
use std::process::Command;

use rolecall_env::Env;

use crate::Outcome;
use crate::connection::Connection;
use crate::process::{ROOT_ID, ROOT_SECRET, Running};
use crate::scenario::{Load, Measured, element};
use crate::sign::{self, Keys};

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal\
                     %22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";

/// Requests per second: one instance is not served many more.
const RATE: f64 = 20_500.0;

/// 16 connections that ask for the health page, for comparison.
pub fn health(server: &Running, env: &Env) -> Outcome<Measured> {
    let request = b"GET /_rolecall/health HTTP/1.1\r\nhost: x\r\n\r\n";
    Load { server, env }.repeat_at(server.address, 16, request, RATE)
}

/// 16 connections that ask for credentials, by version 2.
pub fn role_credentials(binary: &str, server: &Running, env: &Env) -> Outcome<Measured> {
    let instance = launch(server, env)?;
    let service = service(binary, server, &instance)?;
    let put = "PUT /latest/api/token HTTP/1.1\r\nhost: 169.254.169.254\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n";
    let token = Connection::open(service)?.answer(put.as_bytes())?;
    if token.status != 200 {
        return Err(format!("a token was answered with {}", token.status).into());
    }
    let token = String::from_utf8(token.body)?;
    let get = format!(
        "GET /latest/meta-data/iam/security-credentials/metadata HTTP/1.1\r\nhost: 169.254.169.254\r\n\
         x-aws-ec2-metadata-token: {token}\r\n\r\n"
    );
    Load { server, env }.repeat_at(service, 16, get.as_bytes(), RATE)
}

/// A running instance with a role.
fn launch(server: &Running, env: &Env) -> Outcome<String> {
    let root = Keys::root();
    let ask = |service: &str, body: &str| -> Outcome<String> {
        let answer = Connection::open(server.address)?.answer(&sign::form(env, &root, service, body)?)?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 { Ok(body) } else { Err(body.into()) }
    };
    let iam = "&Version=2010-05-08";
    ask("iam", &format!("Action=CreateRole{iam}&RoleName=metadata&AssumeRolePolicyDocument={TRUST}"))?;
    ask("iam", &format!("Action=CreateInstanceProfile{iam}&InstanceProfileName=metadata"))?;
    let add = "InstanceProfileName=metadata&RoleName=metadata";
    ask("iam", &format!("Action=AddRoleToInstanceProfile{iam}&{add}"))?;
    let ec2 = "&Version=2016-11-15";
    let images = ask("ec2", &format!("Action=DescribeImages{ec2}&Owner.1=amazon"))?;
    let image = element(&images, "imageId").ok_or("no image")?;
    let run = format!(
        "Action=RunInstances{ec2}&ImageId={image}&InstanceType=t3.micro&MinCount=1&MaxCount=1\
         &IamInstanceProfile.Name=metadata"
    );
    let id = element(&ask("ec2", &run)?, "instanceId").ok_or("no instance")?.to_owned();
    for _ in 0..500 {
        let seen = ask("ec2", &format!("Action=DescribeInstances{ec2}&InstanceId.1={id}"))?;
        if seen.contains("<name>running</name>") {
            return Ok(id);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Err("the instance did not start".into())
}

/// Where the instance's own service is, as the instance is told.
fn service(binary: &str, server: &Running, instance: &str) -> Outcome<SocketAddr> {
    let endpoint = format!("http://{}", server.address);
    let asked = Command::new(binary)
        .args([
            "exec",
            instance,
            "--endpoint",
            &endpoint,
            "--",
            "printenv",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        ])
        .env("AWS_ACCESS_KEY_ID", ROOT_ID)
        .env("AWS_SECRET_ACCESS_KEY", ROOT_SECRET)
        .env("AWS_REGION", "us-east-1")
        .output()?;
    let said = String::from_utf8(asked.stdout)?;
    let address = said.trim().trim_start_matches("http://").trim_end_matches('/');
    address
        .parse()
        .map_err(|_| format!("no metadata service: {}", String::from_utf8_lossy(&asked.stderr)).into())
}
