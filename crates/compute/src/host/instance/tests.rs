//! An instance whose first process is played here: silent, flooding, in halves, or talking nonsense.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, send};

use super::*;
use crate::host::container::probe;
use crate::packet;

/// Gives up on an answer at once, and on everything else never.
const HASTY: Patience = Patience {
    boot: Duration::ZERO,
    order: Duration::ZERO,
    answer: Duration::ZERO,
    end: Duration::ZERO,
    kill: Duration::ZERO,
};
const PATIENT: Patience = Patience {
    boot: Duration::from_secs(600),
    order: Duration::from_secs(600),
    answer: Duration::from_secs(600),
    end: Duration::from_secs(600),
    kill: Duration::from_secs(600),
};

/// An instance, and the end of its first process.
async fn instance(patience: Patience) -> (Instance, OwnedFd) {
    let (ours, init) = packet::pair().unwrap();
    packet::send(init.as_fd(), &Report::Booted, &[]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let patience = Patience { boot: PATIENT.boot, ..patience };
    let booted = Instance::booted(probe(), (listener, None), ours, Telling::default(), patience).await;
    (booted.unwrap(), init)
}

fn says(init: &OwnedFd, report: &Report) {
    packet::send(init.as_fd(), report, &[]).unwrap();
}

fn command() -> ExecSpec {
    ExecSpec::root(["true"])
}

#[tokio::test]
async fn a_system_that_never_stands_is_not_waited_for_without_end() {
    let (ours, _silent) = packet::pair().unwrap();
    let channel = Channel::new(ours).unwrap();
    let refused = wait_booted(&channel, Duration::ZERO).await.unwrap_err().to_string();
    assert!(refused.contains("did not stand in time"), "{refused}");
}

#[tokio::test]
async fn one_that_answers_nothing_holds_up_no_order_and_nothing_is_kept_of_it() {
    let (instance, init) = instance(HASTY).await;
    for _ in 0..3 {
        let terminal = ExecSpec { tty: Some((80, 24)), ..command() };
        for asked in [instance.exec(command()).await.map(drop), instance.exec(terminal).await.map(drop)] {
            assert!(matches!(asked, Err(ComputeError::Silent(_))), "{asked:?}");
        }
        assert!(matches!(instance.flush().await, Err(ComputeError::Silent(_))));
        assert!(matches!(instance.reboot(Duration::ZERO).await, Err(ComputeError::Silent(_))));
    }
    let kept = lock(&instance.orders);
    assert!(kept.answers.is_empty() && kept.exits.is_empty(), "{kept:?}");
    drop(init);
}

#[tokio::test]
async fn one_that_takes_no_orders_is_not_waited_for_by_who_stops_it() {
    let (instance, _init) = instance(HASTY).await;
    // Until nothing fits into its socket any more.
    while instance.channel.send_now(&Order::Stop { grace_ms: 0 }).is_ok() {}
    instance.stop(Duration::ZERO).await;
    assert!(matches!(instance.exec(command()).await, Err(ComputeError::Silent(_))));
    assert!(!instance.wait_gone(instance.patience.end).await);
}

#[tokio::test]
async fn a_flood_of_what_nobody_asked_for_keeps_no_answer_away() {
    let (instance, init) = instance(PATIENT).await;
    let flood = std::thread::spawn(move || {
        for seq in 100..20_000 {
            says(&init, &Report::Started { seq });
            says(&init, &Report::Ended { seq, status: ExitStatus::Code(0) });
        }
        let (order, _) = packet::receive::<Order>(init.as_fd()).unwrap().unwrap();
        assert!(matches!(order, Order::Exec { seq: 1, .. }));
        says(&init, &Report::Started { seq: 1 });
        says(&init, &Report::Ended { seq: 1, status: ExitStatus::Code(7) });
        init
    });
    let io = instance.exec(command()).await.unwrap();
    assert_eq!(io.exit.wait().await, ExitStatus::Code(7));
    assert!(lock(&instance.orders).answers.is_empty());
    drop(flood.join().unwrap());
}

#[tokio::test]
async fn one_that_talks_nonsense_is_no_longer_waited_for() {
    let half = &serde_json::to_vec(&Report::Started { seq: 1 }).unwrap()[..10];
    for nonsense in [half, b"\xff\xff", b"{\"Started\":{\"seq\":-1}}"] {
        let (instance, init) = instance(PATIENT).await;
        let answers = tokio::join!(instance.exec(command()), instance.flush(), async {
            send(init.as_raw_fd(), nonsense, MsgFlags::empty()).unwrap();
        });
        assert!(matches!(answers.0, Err(ComputeError::NotRunning(_))));
        assert!(matches!(answers.1, Err(ComputeError::NotRunning(_))));
        assert!(instance.has_hung_up());
        // Whether it is gone is the supervisor's to say.
        assert!(!instance.wait_gone(Duration::ZERO).await);
    }
}

#[tokio::test]
async fn a_command_ends_as_a_kernel_could_say_it_does() {
    for (said, heard, code) in [
        (ExitStatus::Code(-1), ExitStatus::Code(255), 255),
        (ExitStatus::Code(i32::MIN), ExitStatus::Code(0), 0),
        (ExitStatus::Signal(64), ExitStatus::Signal(64), 192),
        (ExitStatus::Signal(i32::MAX), ExitStatus::Lost, 255),
        (ExitStatus::Signal(-128), ExitStatus::Lost, 255),
    ] {
        let (instance, init) = instance(PATIENT).await;
        let (io, ()) = tokio::join!(instance.exec(command()), async {
            says(&init, &Report::Started { seq: 1 });
            says(&init, &Report::Ended { seq: 1, status: said });
        });
        let status = io.unwrap().exit.wait().await;
        assert_eq!((status, status.code()), (heard, code));
    }
}

#[tokio::test]
async fn texts_are_cut_where_they_are_read_whoever_passed_them_on() {
    let long = format!("a\nb\u{1b}[31m\u{ffff}{}", "x".repeat(100_000));
    let is_cut = |text: &str| text.starts_with("a b [31m x") && text.chars().count() == 1024;
    let (ours, init) = packet::pair().unwrap();
    let failed = || Report::BootFailed { stage: "boot".into(), message: long.clone() };
    says(&init, &failed());
    says(&init, &failed());
    let channel = Channel::new(ours).unwrap();
    let refused = wait_booted(&channel, PATIENT.boot).await;
    assert!(matches!(&refused, Err(ComputeError::Failed { message, .. }) if is_cut(message)), "{refused:?}");
    let (ours, init) = packet::pair().unwrap();
    says(&init, &failed());
    let failure = boot_failure(ours).await;
    assert!(matches!(&failure, Some(ComputeError::Failed { message, .. }) if is_cut(message)));

    let (instance, init) = instance(PATIENT).await;
    let answer = tokio::join!(instance.flush(), async {
        tokio::task::yield_now().await;
        says(&init, &Report::Refused { seq: 1, stage: long.clone(), message: long.clone() });
    });
    let cut = |error: &ComputeError| match error {
        ComputeError::Failed { stage, message } => is_cut(stage) && is_cut(message),
        _ => false,
    };
    assert!(answer.0.as_ref().is_err_and(cut), "{answer:?}");
}
