//! User data in all its forms, on every driver that isolates instances.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code, also outside of test functions"
)]

mod world;

use std::process::{Command, Stdio};

use rolecall_compute::{Ending, Event};
use world::{GRACE, World, printed, spec};

/// Starts an instance with this user data and waits for the data's end; gives its exit code.
async fn booted(world: &World, data: &[u8]) -> i32 {
    let mut spec = spec(10);
    spec.user_data = Some(data.to_vec());
    let mut events = world.driver.events();
    world.driver.start(spec).await.unwrap();
    match events.next().await {
        Event::UserDataDone { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

const ID: &str = "i-0123456789abcd010";

const CONFIG: &str = "#cloud-config
hostname: named
fqdn: named.example.org
timezone: Europe/Berlin
groups: [staff2, {ops: [ec2-user]}]
users:
  - default
  - name: deploy
    gecos: For deployments
    groups: ops, sudo
    sudo: ALL=(ALL) NOPASSWD:/bin/true
    ssh_authorized_keys: [ssh-ed25519 AAAA deploy]
  - name: broken
    plain_text_passwd: secret
  - {name: opened, passwd: $6$a$b, lock_passwd: false, inactive: '7', no_user_group: true}
  - {name: shut, hashed_passwd: $6$a$b}
  - {name: renewed, passwd: $6$a$b}
  - {name: wrong, inactive: soon}
ssh_authorized_keys:
  - ssh-ed25519 BBBB extra
write_files:
  - path: /srv/app/one
    content: |
      first
    owner: daemon:mail
    permissions: '0640'
  - path: /srv/app/one
    content: second
    append: true
    owner: daemon:mail
    permissions: '0640'
  - path: /srv/app/packed
    encoding: b64
    content: aGVsbG8K
  - path: /srv/app/bad
    encoding: rot13
    content: x
  - path: /home/deploy/late
    defer: true
    owner: deploy
    content: late
chpasswd: {list: ['deploy:plain', 'renewed:$6$c$d']}
bootcmd:
  - echo boot $(hostname) >> /var/boots
runcmd:
  - echo line as $(id -un) on $(hostname)
  - [sh, -c, \"echo 'a list'\"]
final_message: all done
";

#[tokio::test]
async fn a_cloud_config_sets_the_machine_up() {
    let Some(world) = World::new(world::choice()).await else { return };
    assert_eq!(booted(&world, CONFIG.as_bytes()).await, 1, "what was refused counts as an error");
    let text = world.console_until(ID, "all done").await;
    for wanted in [
        "line as root on named\na list\n",
        "user broken: a password in plain text is refused",
        "write_files[3]: the encoding `rot13` is not known",
        "chpasswd: deploy: only a digest",
        "inactive: not a number of days",
    ] {
        assert!(text.contains(wanted), "`{wanted}` is not in\n{text}");
    }
    assert!(!text.contains("secret") && !text.contains("deploy:plain"), "{text}");
    let seen = |line: &'static str| world.sh(ID, line);
    assert_eq!(seen("hostname; cat /etc/hostname").await, printed("named\nnamed\n"));
    assert_eq!(seen("grep -c named.example.org /etc/hosts").await, printed("1\n"));
    assert_eq!(seen("cat /srv/app/one").await, printed("first\nsecond"));
    assert_eq!(
        seen("cat /srv/app/packed; ls /srv/app/bad 2>&1 | grep -c cannot").await,
        printed("hello\n1\n")
    );
    assert_eq!(seen("readlink /etc/localtime").await, printed("/usr/share/zoneinfo/Europe/Berlin\n"));
    if nix::unistd::geteuid().is_root() {
        assert_eq!(seen("stat -c '%U %G %a' /srv/app/one").await, printed("daemon mail 640\n"));
        assert_eq!(seen("stat -c %U /home/deploy/late /home/deploy/.ssh").await, printed("deploy\ndeploy\n"));
        assert_eq!(
            seen("id -Gn ec2-user | grep -o ops; id -Gn deploy").await,
            printed("ops\ndeploy sudo ops\n")
        );
    }
    let keys =
        seen("cat /home/deploy/.ssh/authorized_keys; tail -1 /home/ec2-user/.ssh/authorized_keys").await;
    assert_eq!(keys, printed("ssh-ed25519 AAAA deploy\nssh-ed25519 BBBB extra\n"));
    assert_eq!(
        seen("grep deploy /etc/sudoers.d/*deploy").await,
        printed("deploy ALL=(ALL) NOPASSWD:/bin/true\n")
    );
    assert_eq!(
        seen("grep -E '^(deploy|opened|renewed|shut):' /etc/shadow | sort").await,
        printed(
            "deploy:!:19000:0:99999:7:::\nopened:$6$a$b:19000:0:99999:7:7::\n\
             renewed:$6$c$d:0:0:99999:7:::\nshut:!$6$a$b:19000:0:99999:7:::\n"
        )
    );
    assert_eq!(seen("grep -c ^opened: /etc/group || true").await, printed("0\n"));
    // `bootcmd` at each boot, the rest once; the name stays.
    let mut events = world.driver.events();
    world.driver.reboot(ID, GRACE).await.unwrap();
    assert!(matches!(events.next().await, Event::UserDataDone { code: 0, .. }));
    assert_eq!(seen("wc -l < /var/boots; tail -1 /var/boots").await, printed("2\nboot named\n"));
    assert_eq!(seen("grep -c 'a list' /var/log/cloud-init-output.log").await, printed("1\n"));
}

#[tokio::test]
async fn an_archive_of_parts_runs_them_in_order() {
    let Some(world) = World::new(world::choice()).await else { return };
    let mime = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n--B\n\
        Content-Type: text/x-shellscript\nContent-Disposition: attachment; filename=\"zz.sh\"\n\n\
        #!/bin/sh\necho third\nexit 4\n--B\nContent-Type: text/cloud-config\n\nruncmd: [echo second]\n--B\n\
        Content-Type: text/cloud-boothook\n\n#!/bin/sh\necho hook of $INSTANCE_ID\n--B\n\
        Content-Type: text/x-shellscript\nContent-Disposition: attachment; filename=\"aa.sh\"\n\n\
        #!/bin/sh\necho first\n--B\nContent-Type: text/x-include-url\n\nhttp://example.com/\n--B--\n";
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut gzip.stdin.take().unwrap(), mime.as_bytes()).unwrap();
    let packed = gzip.wait_with_output().unwrap().stdout;
    assert_eq!(booted(&world, &packed).await, 4);
    let text = world.console_until(ID, "ended with code").await;
    assert!(text.contains(&format!("hook of {ID}\nfirst\nsecond\nthird\n")), "{text}");
    assert!(text.contains("#include is not supported"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_on_the_console() {
    let Some(world) = World::new(world::choice()).await else { return };
    let code =
        booted(&world, b"#cloud-config\npackages: [nginx]\nruncmd: [echo still runs]\nntp: {}\n").await;
    assert_ne!(code, 0);
    let text = world.console_until(ID, "ended with code").await;
    assert!(
        text.contains("packages cannot be installed: /usr is the host machine's and read-only"),
        "{text}"
    );
    assert!(text.contains("`ntp` is not supported") && text.contains("still runs"), "{text}");
}

#[tokio::test]
async fn a_bomb_does_no_harm() {
    let Some(world) = World::new(world::choice()).await else { return };
    let mut bomb =
        String::from("#cloud-config\nruncmd: [echo ran]\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let mut spec = spec(10);
    spec.user_data = Some(bomb.into_bytes());
    world.driver.start(spec).await.unwrap();
    let text = world.console_until(ID, "user data: #cloud-config:").await;
    assert!(!text.contains("\nran\n"), "{text}");
    assert_eq!(world.sh(ID, "echo alive").await, printed("alive\n"));
}

#[tokio::test]
async fn power_state_ends_the_machine_when_all_is_done() {
    let Some(world) = World::new(world::choice()).await else { return };
    let mut spec = spec(10);
    spec.user_data =
        Some(b"#cloud-config\nruncmd: [echo worked > /result]\npower_state: {mode: poweroff}\n".to_vec());
    let mut events = world.driver.events();
    world.driver.start(spec.clone()).await.unwrap();
    assert_eq!(events.next().await, Event::UserDataDone { id: ID.into(), code: 0 });
    assert_eq!(events.next().await, Event::Exited { id: ID.into(), how: Ending::PowerOff });
    world.driver.start(spec).await.unwrap();
    assert_eq!(world.sh(ID, "cat /result").await, printed("worked\n"));
}
