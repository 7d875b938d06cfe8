//! The families of instance types, as compact text: what each size has beside the family's common traits.
//!
//! Source: EC2 User Guide and "Amazon EC2 instance types", tables of specifications, network bandwidth, and maximum
//! network interfaces.

/// A processor's maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Intel,
    Amd,
    Aws,
}

impl Maker {
    /// As requirements name it.
    pub fn manufacturer(self) -> &'static str {
        match self {
            Maker::Intel => "intel",
            Maker::Amd => "amd",
            Maker::Aws => "amazon-web-services",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Maker::Intel => "Intel",
            Maker::Amd => "AMD",
            Maker::Aws => "AWS",
        }
    }
}

/// What all types of one family have in common.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// `m5`
    pub name: &'static str,
    pub maker: Maker,
    /// Sustained clock speed, in tenths of GHz.
    pub clock: u32,
    /// MiB a vCPU, where a size does not say otherwise.
    pub mib: u32,
    /// Runs on the Nitro hypervisor; Xen otherwise.
    pub nitro: bool,
    /// Sizes, each `SIZE`, `SIZE=VCPUS` or `SIZE=VCPUSxMIB`.
    pub sizes: &'static str,
    /// Network bandwidth of the sizes: baseline in Gbps, `/` and the peak where it bursts.
    pub network: &'static str,
    /// Local disks of the sizes: `SIZE=COUNTxGB`; empty for families without.
    pub disks: &'static str,
}

const INTEL: Family = Family {
    name: "",
    maker: Maker::Intel,
    clock: 31,
    mib: 4096,
    nitro: true,
    sizes: "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge metal=96",
    network: TEN,
    disks: "",
};
const AMD: Family = Family { maker: Maker::Amd, clock: 36, ..INTEL };
const GRAVITON: Family = Family {
    maker: Maker::Aws,
    clock: 25,
    sizes: "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal=64",
    network: "medium=0.5/10 large=0.75/10 xlarge=1.25/10 2xlarge=2.5/10 4xlarge=5/10 8xlarge=12 12xlarge=20 16xlarge=25 metal=25",
    ..INTEL
};
const BURSTABLE: Family = Family {
    clock: 25,
    sizes: "nano=2x512 micro=2x1024 small=2x2048 medium=2x4096 large=2x8192 xlarge=4x16384 2xlarge=8x32768",
    network: "nano=0.032/5 micro=0.064/5 small=0.128/5 medium=0.256/5 large=0.512/5 xlarge=1.024/5 2xlarge=2.048/5",
    ..INTEL
};
const XEN: Family = Family { nitro: false, clock: 24, ..INTEL };
/// The sixth generation of Intel's and AMD's, and the seventh.
#[rustfmt::skip]
const INTEL6: Family = Family { clock: 35, sizes: "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge metal=128", network: TWELVE, ..INTEL };
#[rustfmt::skip]
const AMD6: Family = Family { sizes: "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal=192", network: TWELVE, ..AMD };
#[rustfmt::skip]
const INTEL7: Family = Family { clock: 32, sizes: "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl=96 metal-48xl=192", network: TWELVE, ..INTEL };
#[rustfmt::skip]
const AMD7: Family = Family { clock: 37, sizes: "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal-48xl=192", network: TWELVE, ..AMD };
#[rustfmt::skip]
const GRAVITON7: Family = Family { clock: 26, network: FIFTEEN, ..GRAVITON };
#[rustfmt::skip]
const GRAVITON8: Family = Family { clock: 28, sizes: "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl=96 metal-48xl=192", network: FIFTEEN, ..GRAVITON };

const TEN: &str = "large=0.75/10 xlarge=1.25/10 2xlarge=2.5/10 4xlarge=5/10 8xlarge=10 9xlarge=12 12xlarge=12 16xlarge=20 18xlarge=25 24xlarge=25 metal=25";
const TWELVE: &str = "medium=0.39/12.5 large=0.781/12.5 xlarge=1.562/12.5 2xlarge=3.125/12.5 4xlarge=6.25/12.5 8xlarge=12.5 12xlarge=18.75 16xlarge=25 24xlarge=37.5 32xlarge=50 48xlarge=50 metal=50 metal-24xl=37.5 metal-48xl=50";
const FIFTEEN: &str = "medium=0.52/12.5 large=0.937/12.5 xlarge=1.876/12.5 2xlarge=3.75/15 4xlarge=7.5/15 8xlarge=15 12xlarge=22.5 16xlarge=30 24xlarge=40 48xlarge=50 metal=30 metal-24xl=40 metal-48xl=50";
const M5D: &str = "large=1x75 xlarge=1x150 2xlarge=1x300 4xlarge=2x300 8xlarge=2x600 12xlarge=2x900 16xlarge=4x600 24xlarge=4x900 metal=4x900";
const M6ID: &str = "large=1x118 xlarge=1x237 2xlarge=1x474 4xlarge=1x950 8xlarge=1x1900 12xlarge=2x1425 16xlarge=2x1900 24xlarge=4x1425 32xlarge=4x1900 metal=4x1900";
const M6GD: &str = "medium=1x59 large=1x118 xlarge=1x237 2xlarge=1x474 4xlarge=1x950 8xlarge=1x1900 12xlarge=2x1425 16xlarge=2x1900 metal=2x1900";
const C5: &str = "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge metal=96";
const FLEX: &str = "large xlarge 2xlarge 4xlarge 8xlarge";
const NO_METAL: &str = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge";

/// Every family: a row each.
#[rustfmt::skip]
pub const FAMILIES: &[Family] = &[
    // What RunInstances takes when the caller names no type.
    Family { name: "m1", clock: 20, sizes: "small=1x1740", network: "small=0.3/0.3", ..XEN },
    Family { name: "t2", sizes: "nano=1x512 micro=1x1024 small=1x2048 medium=2x4096 large=2x8192 xlarge=4x16384 2xlarge=8x32768", clock: 25, network: "nano=0.032/0.5 micro=0.064/0.5 small=0.128/0.5 medium=0.256/0.5 large=0.512/1 xlarge=0.75/1 2xlarge=1/1", ..XEN },
    Family { name: "t3", ..BURSTABLE },
    Family { name: "t3a", maker: Maker::Amd, clock: 22, ..BURSTABLE },
    Family { name: "t4g", maker: Maker::Aws, ..BURSTABLE },
    Family { name: "m4", sizes: "large xlarge 2xlarge 4xlarge 10xlarge 16xlarge", network: "large=0.45/0.45 xlarge=0.75/0.75 2xlarge=1/1 4xlarge=2/2 10xlarge=10 16xlarge=25", ..XEN },
    Family { name: "m5", ..INTEL },
    Family { name: "m5d", disks: M5D, ..INTEL },
    Family { name: "m5a", clock: 25, sizes: NO_METAL, ..AMD },
    Family { name: "m6i", ..INTEL6 },
    Family { name: "m6id", disks: M6ID, ..INTEL6 },
    Family { name: "m6a", ..AMD6 },
    Family { name: "m6g", ..GRAVITON },
    Family { name: "m6gd", disks: M6GD, ..GRAVITON },
    Family { name: "m7i", ..INTEL7 },
    Family { name: "m7i-flex", sizes: FLEX, ..INTEL7 },
    Family { name: "m7a", ..AMD7 },
    Family { name: "m7g", ..GRAVITON7 },
    Family { name: "m7gd", disks: M6GD, ..GRAVITON7 },
    Family { name: "m8g", ..GRAVITON8 },
    Family { name: "c4", clock: 29, mib: 1920, sizes: "large xlarge 2xlarge 4xlarge 8xlarge=36x61440", network: "large=0.5/0.5 xlarge=0.75/0.75 2xlarge=1/1 4xlarge=2/2 8xlarge=10", ..XEN },
    Family { name: "c5", clock: 34, mib: 2048, sizes: C5, ..INTEL },
    Family { name: "c5d", clock: 34, mib: 2048, sizes: C5, disks: "large=1x50 xlarge=1x100 2xlarge=1x200 4xlarge=1x400 9xlarge=1x900 12xlarge=2x900 18xlarge=2x900 24xlarge=4x900 metal=4x900", ..INTEL },
    Family { name: "c5a", clock: 33, mib: 2048, sizes: NO_METAL, ..AMD },
    Family { name: "c6i", mib: 2048, ..INTEL6 },
    Family { name: "c6id", mib: 2048, disks: M6ID, ..INTEL6 },
    Family { name: "c6a", mib: 2048, ..AMD6 },
    Family { name: "c6g", mib: 2048, ..GRAVITON },
    Family { name: "c6gd", mib: 2048, disks: M6GD, ..GRAVITON },
    Family { name: "c7i", mib: 2048, ..INTEL7 },
    Family { name: "c7i-flex", mib: 2048, sizes: FLEX, ..INTEL7 },
    Family { name: "c7a", mib: 2048, ..AMD7 },
    Family { name: "c7g", mib: 2048, ..GRAVITON7 },
    Family { name: "c7gd", mib: 2048, disks: M6GD, ..GRAVITON7 },
    Family { name: "c8g", mib: 2048, ..GRAVITON8 },
    Family { name: "r4", clock: 23, mib: 7808, sizes: "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge", network: "large=0.75/10 xlarge=1.25/10 2xlarge=2.5/10 4xlarge=5/10 8xlarge=10 16xlarge=25", ..XEN },
    Family { name: "r5", mib: 8192, ..INTEL },
    Family { name: "r5d", mib: 8192, disks: M5D, ..INTEL },
    Family { name: "r5a", clock: 25, mib: 8192, sizes: NO_METAL, ..AMD },
    Family { name: "r6i", mib: 8192, ..INTEL6 },
    Family { name: "r6id", mib: 8192, disks: M6ID, ..INTEL6 },
    Family { name: "r6a", mib: 8192, ..AMD6 },
    Family { name: "r6g", mib: 8192, ..GRAVITON },
    Family { name: "r6gd", mib: 8192, disks: M6GD, ..GRAVITON },
    Family { name: "r7i", mib: 8192, ..INTEL7 },
    Family { name: "r7a", mib: 8192, ..AMD7 },
    Family { name: "r7g", mib: 8192, ..GRAVITON7 },
    Family { name: "r7gd", mib: 8192, disks: M6GD, ..GRAVITON7 },
    Family { name: "r8g", mib: 8192, ..GRAVITON8 },
    Family { name: "i3", clock: 23, mib: 7808, sizes: "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge", network: "large=0.75/10 xlarge=1.25/10 2xlarge=2.5/10 4xlarge=5/10 8xlarge=10 16xlarge=25", disks: "large=1x475 xlarge=1x950 2xlarge=1x1900 4xlarge=2x1900 8xlarge=4x1900 16xlarge=8x1900", ..XEN },
    Family { name: "i4i", mib: 8192, clock: 35, sizes: "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge 32xlarge metal=128", network: "large=0.781/10 xlarge=1.875/10 2xlarge=4.687/12 4xlarge=9.375/25 8xlarge=18.75 16xlarge=37.5 32xlarge=75 metal=75", disks: "large=1x468 xlarge=1x937 2xlarge=1x1875 4xlarge=1x3750 8xlarge=2x3750 16xlarge=4x3750 32xlarge=8x3750 metal=8x3750", ..INTEL },
];
