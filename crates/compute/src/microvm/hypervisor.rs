//! What runs machines here: QEMU, a kernel with its modules, and whether the processor helps.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::SigSet;

use super::initramfs;
use super::{GUEST_INIT, GUEST_ROOT, INITRAMFS, KERNEL, PORT, ROOT_TAG, Tap};
use crate::InstanceSpec;

/// Where distributions have QEMU; instances see `/usr` only, and so does QEMU.
const PROGRAMS: &[&str] = &["/usr/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm"];
const MISSING: &str =
    "QEMU is not installed (Debian: apt-get install --no-install-recommends qemu-system-x86)";
const NO_KERNEL: &str = "there is no kernel with modules here; say where one is by --kernel \
    (Debian: apt-get install linux-image-amd64, or apt-get download that package and dpkg-deb -x it into a folder)";
/// What QEMU itself needs beside the machine's memory, in MiB. Emulation keeps the code that it has translated.
const OVERHEAD: u32 = 192;
const TRANSLATED: u32 = 128;
/// Kinds of system calls that QEMU lets the kernel refuse to it.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// Few devices; memory that the host's kernel does not merge with another machine's, by which each could tell what the other
/// has, and that is in no core dump of QEMU.
const MACHINE: &str = "q35,usb=off,sata=off,smbus=off,vmport=off,mem-merge=off,dump-guest-core=off";

/// How instructions of machines are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accelerator {
    Kvm,
    /// Translated one block after the other.
    Tcg,
}

/// Everything a machine is started with that is the same for all.
#[derive(Debug)]
pub(crate) struct Hypervisor {
    program: &'static str,
    accelerator: Accelerator,
    /// On the host.
    pub(crate) kernel: PathBuf,
    pub(crate) initramfs: PathBuf,
    cpus: u32,
}

/// QEMU's ends of what leads to the keeper.
#[derive(Debug)]
pub(super) struct Ends {
    pub agent: OwnedFd,
    pub serial: OwnedFd,
    pub monitor: OwnedFd,
}

/// A kernel, and its modules unless it has none.
#[derive(Debug)]
pub(super) struct Kernel {
    pub image: PathBuf,
    pub modules: Option<PathBuf>,
}

impl Hypervisor {
    /// Finds what is there, and writes the machines' first file system below `dir`.
    pub(crate) fn find(dir: &Path, kernel: Option<&Path>, notes: &mut Vec<String>) -> io::Result<Hypervisor> {
        let missing = |what: &str| io::Error::new(io::ErrorKind::NotFound, what.to_owned());
        if !cfg!(target_arch = "x86_64") {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "virtual machines need an x86-64 host"));
        }
        let program =
            PROGRAMS.iter().find(|path| Path::new(path).exists()).ok_or_else(|| missing(MISSING))?;
        let version = Command::new(program).arg("--version").env_clear().output()?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let version = version.split_whitespace().nth(3).unwrap_or("of an unknown version").to_owned();
        let kernel = find_kernel(kernel)?;
        let tun = OpenOptions::new().read(true).write(true).open("/dev/net/tun");
        tun.map_err(|error| io::Error::new(error.kind(), format!("/dev/net/tun: {error}")))?;
        let initramfs = dir.join("initramfs");
        initramfs::write(&initramfs, &kernel)?;
        let accelerator = if has_kvm() { Accelerator::Kvm } else { Accelerator::Tcg };
        let how = match accelerator {
            Accelerator::Kvm => "with KVM",
            Accelerator::Tcg => "all instructions emulated, which is slow: no usable /dev/kvm here",
        };
        let name = kernel.image.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32);
        notes.push(format!(
            "virtual machines run by QEMU {version} with {name}, {how}; each has its type's processors, at most this host's {cpus}"
        ));
        Ok(Hypervisor { program, accelerator, kernel: kernel.image, initramfs, cpus })
    }

    pub(crate) fn uses_kvm(&self) -> bool {
        self.accelerator == Accelerator::Kvm
    }

    /// What all processes of a machine may take, in MiB.
    pub(crate) fn memory(&self, spec: &InstanceSpec) -> u32 {
        let translated = if self.uses_kvm() { 0 } else { TRANSLATED };
        spec.memory_mib.saturating_add(OVERHEAD + translated)
    }

    /// A type may have more processors than this host: then the machine has the host's.
    fn cpus(&self, spec: &InstanceSpec) -> u32 {
        spec.vcpus.min(self.cpus)
    }

    /// What the machine has less of than its type says, for who looks at its console.
    pub(super) fn falls_short(&self, spec: &InstanceSpec) -> Option<String> {
        let (given, wanted) = (self.cpus(spec), spec.vcpus);
        (given < wanted)
            .then(|| format!("{given} of the {wanted} processors of its type: this host has no more"))
    }

    /// The program that is the machine. It takes over the descriptors, which must stay open when it begins.
    pub(super) fn command(&self, spec: &InstanceSpec, taps: &[Tap], ends: &Ends, single_id: bool) -> Command {
        let mut command = Command::new(self.program);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.args(self.arguments(spec, single_id));
        for (number, tap) in taps.iter().enumerate() {
            command.arg("-netdev").arg(format!("tap,id=net{number},fd={}", tap.fd.as_raw_fd()));
            let mac = tap.place.0.mac.map(|byte| format!("{byte:02x}")).join(":");
            command.arg("-device").arg(format!("virtio-net-pci,netdev=net{number},mac={mac},romfile="));
        }
        for (name, fd) in [("agent", &ends.agent), ("serial", &ends.serial), ("monitor", &ends.monitor)] {
            command.arg("-chardev").arg(format!("socket,id={name},fd={}", fd.as_raw_fd()));
        }
        command.args(["-serial", "chardev:serial", "-mon", "chardev=monitor,mode=control"]);
        command.args(["-device", "virtio-serial-pci", "-device"]);
        command.arg(format!("virtserialport,chardev=agent,name={PORT}"));
        // SAFETY: this process has one thread, and the closure calls nothing but the kernel.
        unsafe { command.pre_exec(|| Ok(SigSet::empty().thread_set_mask()?)) };
        command
    }

    fn arguments(&self, spec: &InstanceSpec, single_id: bool) -> Vec<String> {
        // No machines inside machines: it is what kernels that run them have had most holes in.
        let (accelerator, cpu) = match self.accelerator {
            Accelerator::Kvm => ("kvm".to_owned(), "host,vmx=off,svm=off"),
            // Without SVM emulated processors would not tell how wide addresses are, by which kernels tell good ones.
            Accelerator::Tcg => {
                (format!("tcg,thread=multi,tb-size={TRANSLATED}"), "max,vmx=off,svm=off,xlevel=0x80000008")
            }
        };
        // Emulated processors leak nothing by the ways that these measures close.
        let slow = if self.uses_kvm() { "" } else { " mitigations=off" };
        let line = format!(
            "console=ttyS0 rdinit={GUEST_INIT} panic=-1 loglevel=4 net.ifnames=0 random.trust_cpu=on{slow}"
        );
        // With one user id there are no owners to keep.
        let owners = if single_id { "none" } else { "passthrough" };
        let share = format!("local,id=root,path={GUEST_ROOT},security_model={owners},multidevs=remap");
        let pairs = [
            ("-machine", MACHINE.to_owned()),
            ("-accel", accelerator),
            ("-cpu", cpu.to_owned()),
            ("-m", format!("{}M", spec.memory_mib)),
            ("-smp", self.cpus(spec).to_string()),
            ("-kernel", KERNEL.to_owned()),
            ("-initrd", INITRAMFS.to_owned()),
            ("-append", line),
            ("-fsdev", share),
            ("-device", format!("virtio-9p-pci,fsdev=root,mount_tag={ROOT_TAG}")),
            ("-display", "none".to_owned()),
            ("-sandbox", SANDBOX.to_owned()),
            ("-uuid", uuid(&spec.id)),
            ("-smbios", "type=1,manufacturer=Amazon EC2".to_owned()),
        ];
        let plain = ["-nodefaults", "-no-user-config", "-no-reboot"].map(str::to_owned);
        plain
            .into_iter()
            .chain(pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]))
            .collect()
    }
}

/// What the firmware calls the machine: as on EC2 it begins with `ec2`, by which programs know where they are.
fn uuid(id: &str) -> String {
    let mut digits: String =
        id.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
    digits = format!("ec2{digits:0>29.29}");
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    digits
}

/// Whether the kernel runs machines with the help of the processor. Where it says so without, machines end in strange
/// ways.
fn has_kvm() -> bool {
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = flags.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let helps = flags.split_whitespace().any(|flag| flag == "vmx" || flag == "svm");
    helps && OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

/// The kernel that was asked for, as a file or as the folder that its package was unpacked in; else the newest of this
/// machine.
fn find_kernel(wanted: Option<&Path>) -> io::Result<Kernel> {
    let place = wanted.unwrap_or(Path::new("/"));
    let about = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", place.display()));
    if !fs::metadata(place).map_err(about)?.is_dir() {
        File::open(place).map_err(about)?;
        return Ok(Kernel { modules: modules_of(place), image: fs::canonicalize(place)? });
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place.join("boot")).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-"))
            && File::open(&path).is_ok()
            && let Some(modules) = modules_of(&path)
        {
            found.push((entry.metadata()?.modified()?, Kernel { image: path, modules: Some(modules) }));
        }
    }
    let newest = found.into_iter().max_by_key(|(modified, _)| *modified);
    newest.map(|(_, kernel)| kernel).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, NO_KERNEL))
}

/// The modules of `…/boot/vmlinuz-VERSION`.
fn modules_of(image: &Path) -> Option<PathBuf> {
    let version = image.file_name()?.to_str()?.strip_prefix("vmlinuz-")?;
    let top = image.parent()?.parent()?;
    let places = [top.join("lib/modules"), top.join("usr/lib/modules"), PathBuf::from("/lib/modules")];
    places.into_iter().map(|place| place.join(version)).find(|place| place.join("modules.order").exists())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Accelerator, Hypervisor, find_kernel, uuid};
    use crate::InstanceSpec;
    use crate::host::probe;

    #[test]
    fn the_firmware_says_ec2_and_the_instance() {
        assert_eq!(uuid("i-0123456789abcdef0"), "ec200000-0000-0000-1234-56789abcdef0");
    }

    #[test]
    fn a_machine_has_no_more_processors_than_the_host_and_says_so() {
        let program = "/usr/bin/true";
        let accelerator = Accelerator::Tcg;
        let (kernel, initramfs) = ("kernel".into(), "initramfs".into());
        let hypervisor = Hypervisor { program, accelerator, kernel, initramfs, cpus: 2 };
        for (vcpus, given, said) in [
            (1, "1", None),
            (2, "2", None),
            (8, "2", Some("2 of the 8 processors of its type: this host has no more".to_owned())),
        ] {
            let spec = InstanceSpec { vcpus, ..probe() };
            let arguments = hypervisor.arguments(&spec, false);
            assert!(arguments.windows(2).any(|pair| pair == ["-smp", given]), "{arguments:?}");
            assert_eq!(hypervisor.falls_short(&spec), said);
        }
    }

    #[test]
    fn a_kernel_is_found_with_its_modules() {
        let place = tempfile::tempdir().unwrap();
        let refused = find_kernel(Some(place.path())).unwrap_err().to_string();
        assert!(refused.contains("--kernel"), "{refused}");
        let image = place.path().join("boot/vmlinuz-6.1.0-9-cloud-amd64");
        fs::create_dir_all(image.parent().unwrap()).unwrap();
        fs::write(&image, "").unwrap();
        find_kernel(Some(place.path())).unwrap_err();
        // Without modules it is taken only when it is asked for by name.
        assert!(find_kernel(Some(&image)).unwrap().modules.is_none());
        let modules = place.path().join("lib/modules/6.1.0-9-cloud-amd64");
        fs::create_dir_all(&modules).unwrap();
        fs::write(modules.join("modules.order"), "").unwrap();
        let found = find_kernel(Some(place.path())).unwrap();
        assert_eq!((found.image, found.modules), (image, Some(modules)));
    }
}
