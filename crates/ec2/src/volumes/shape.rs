//! What size and speed a volume may have.
//!
//! Source: the CreateVolume action's documentation; EBS User Guide, "Amazon EBS volume types".

use rolecall_base::Fault;

use crate::faults;
use crate::records::Shape;

/// One volume type.
struct Kind {
    name: &'static str,
    size: (i32, i32),
    /// Least and greatest provisioned IOPS, how many for each GiB, and what there is unasked.
    iops: Option<(i32, i32, i32, Option<i32>)>,
}

static KINDS: [Kind; 7] = [
    Kind { name: "gp2", size: (1, 16_384), iops: None },
    Kind { name: "gp3", size: (1, 65_536), iops: Some((3_000, 80_000, 500, Some(3_000))) },
    Kind { name: "io1", size: (4, 16_384), iops: Some((100, 64_000, 50, None)) },
    Kind { name: "io2", size: (4, 65_536), iops: Some((100, 256_000, 1_000, None)) },
    Kind { name: "st1", size: (125, 16_384), iops: None },
    Kind { name: "sc1", size: (125, 16_384), iops: None },
    Kind { name: "standard", size: (1, 1_024), iops: None },
];
/// Least and greatest throughput of gp3, MiB a second; the least is what there is unasked.
const THROUGHPUT: (i32, i32) = (125, 2_000);

/// Works out what a volume is, from what was asked for.
///
/// # Errors
/// InvalidParameterValue, InvalidParameterCombination, MissingParameter.
pub fn shape(
    size: i32,
    volume_type: &str,
    iops: Option<i32>,
    throughput: Option<i32>,
    multi_attach: bool,
) -> Result<Shape, Fault> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == volume_type) else {
        return Err(faults::invalid_value(volume_type, "volumeType", "It is not a volume type."));
    };
    let (least, most) = kind.size;
    if !(least..=most).contains(&size) {
        let text = format!(
            "Volume of {size}GiB is {} for volume type {volume_type}; {} is {}GiB.",
            if size > most { "too large" } else { "too small" },
            if size > most { "maximum" } else { "minimum" },
            if size > most { most } else { least }
        );
        return Err(faults::invalid(text));
    }
    if multi_attach && !matches!(volume_type, "io1" | "io2") {
        let text = "Multi-attach is supported for io1 and io2 volumes only.";
        return Err(faults::invalid(text));
    }
    Ok(Shape {
        size,
        volume_type: volume_type.to_owned(),
        iops: speed(kind, size, iops)?,
        throughput: throughput_of(volume_type, throughput)?,
        multi_attach,
    })
}

fn speed(kind: &Kind, size: i32, asked: Option<i32>) -> Result<Option<i32>, Fault> {
    let name = kind.name;
    let Some((least, most, per_gib, unasked)) = kind.iops else {
        if asked.is_some() {
            let text = format!("The parameter iops is not supported for {name} volumes.");
            return Err(faults::combination(text));
        }
        // gp2's speed follows from its size.
        return Ok((name == "gp2").then(|| size.saturating_mul(3).clamp(100, 16_000)));
    };
    let Some(asked) = asked.or(unasked) else {
        let text = format!("The parameter iops must be specified for {name} volumes.");
        return Err(faults::other("MissingParameter", text));
    };
    if !(least..=most).contains(&asked) {
        let text = format!("Volume iops of {asked} is out of range for {name}: {least} to {most}.");
        return Err(faults::invalid(text));
    }
    if Some(asked) != unasked && asked > size.saturating_mul(per_gib) {
        let text = format!("Iops to volume size ratio of {asked}:{size} is too high; maximum is {per_gib}.");
        return Err(faults::invalid(text));
    }
    Ok(Some(asked))
}

fn throughput_of(volume_type: &str, asked: Option<i32>) -> Result<Option<i32>, Fault> {
    let (least, most) = THROUGHPUT;
    match asked {
        None => Ok((volume_type == "gp3").then_some(least)),
        Some(_) if volume_type != "gp3" => {
            let text = format!("The parameter throughput is not supported for {volume_type} volumes.");
            Err(faults::combination(text))
        }
        Some(asked) if !(least..=most).contains(&asked) => {
            let text = format!("Throughput of {asked} is out of range for gp3: {least} to {most} MiB/s.");
            Err(faults::invalid(text))
        }
        Some(asked) => Ok(Some(asked)),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;

    #[test]
    fn each_type_has_its_limits_and_its_own_speed() {
        assert_eq!(shape(8, "gp3", None, None, false).unwrap().iops, Some(3000));
        assert_eq!(shape(8, "gp3", None, None, false).unwrap().throughput, Some(125));
        assert_eq!(shape(100, "gp2", None, None, false).unwrap().iops, Some(300));
        assert_eq!(shape(1, "gp2", None, None, false).unwrap().iops, Some(100));
        assert_eq!(shape(100, "io2", Some(5000), None, true).unwrap().iops, Some(5000));
        for (size, kind, iops, throughput, code) in [
            (0, "gp3", None, None, "InvalidParameterValue"),
            (20_000, "gp2", None, None, "InvalidParameterValue"),
            (10, "st1", None, None, "InvalidParameterValue"),
            (8, "floppy", None, None, "InvalidParameterValue"),
            (8, "gp2", Some(100), None, "InvalidParameterCombination"),
            (8, "io1", None, None, "MissingParameter"),
            (8, "io1", Some(1000), None, "InvalidParameterValue"),
            (8, "gp3", Some(100), None, "InvalidParameterValue"),
            (8, "gp3", None, Some(5000), "InvalidParameterValue"),
            (8, "gp2", None, Some(200), "InvalidParameterCombination"),
        ] {
            check_fault(shape(size, kind, iops, throughput, false), code);
        }
        check_fault(shape(8, "gp3", None, None, true), "InvalidParameterValue");
    }
}
