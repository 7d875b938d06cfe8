//! The trail that a request names, by its name or its ARN.

use rolecall_actions::cloudtrail::kind;
use rolecall_base::{AccountId, Arn, Fault, Tags};
use rolecall_door::{At, Resource};
use rolecall_store::{Reader, Scan};

use crate::model::fault;
use crate::organization;
use crate::records::{Trail, Trails, arn};

/// Trails that an account may have in one region.
pub const MOST: usize = 5;
/// Trails that an account may have in all regions together: AWS has some 35 of them, here any name is one.
pub const MOST_IN_ALL: usize = 200;

/// What a name leads to.
#[derive(Clone, Debug)]
pub struct Target {
    pub account: AccountId,
    pub region: String,
    pub name: String,
    pub trail: Option<Trail>,
}

impl Resource for Target {
    type Kind = kind::Trail;

    fn arn(&self) -> String {
        arn(self.account, &self.region, &self.name)
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.trail.as_ref().map(|trail| trail.tags.clone()).unwrap_or_default()
    }
}

impl Target {
    /// The trail.
    ///
    /// # Errors
    /// TrailNotFoundException.
    pub fn there(self) -> Result<Trail, Fault> {
        let (arn, account) = (Resource::arn(&self), self.account);
        self.trail
            .ok_or_else(|| fault::trail_not_found(format!("Unknown trail: {arn} for the user: {account}")))
    }

    /// The trail, to one who looks from `own`.
    ///
    /// # Errors
    /// TrailNotFoundException; CloudTrailARNInvalidException for another account's that is no trail of the organization.
    pub fn shown_to(self, own: AccountId) -> Result<Trail, Fault> {
        match self.trail {
            None if self.account != own => Err(wrong_account(own)),
            _ => self.there(),
        }
    }

    /// The trail, to change it: only where it was made.
    ///
    /// # Errors
    /// TrailNotFoundException, InvalidHomeRegionException.
    pub fn at_home(self, region: &str) -> Result<Trail, Fault> {
        let trail = self.there()?;
        if trail.region == region {
            return Ok(trail);
        }
        let text = format!("The home region of trail {} is {}, not {region}.", trail.arn(), trail.region);
        Err(fault::invalid_home_region(text))
    }
}

/// Finds a trail of an account. One of all regions is found from every region.
///
/// # Errors
/// CloudTrailARNInvalidException, for another account's as well; InvalidTrailNameException.
pub fn find(db: &Reader, account: AccountId, region: &str, asked: &str) -> Result<Target, Fault> {
    let (owner, region, name) = named(account, region, asked)?;
    if owner != account {
        return Err(wrong_account(account));
    }
    let own = db.get::<Trails>(&(account, region.as_str(), name))?;
    let trail = match own {
        Some(own) => Some(own),
        None => all(db, account)?.into_iter().find(|trail| trail.multi_region && trail.name == name),
    };
    let region = trail.as_ref().map_or(region, |trail| trail.region.clone());
    Ok(Target { account, region, name: name.to_owned(), trail })
}

/// What a name or ARN says of a trail: whose it is, its region, its name.
fn named<'n>(
    account: AccountId,
    region: &str,
    asked: &'n str,
) -> Result<(AccountId, String, &'n str), Fault> {
    if !asked.starts_with("arn:") {
        check_name(asked)?;
        return Ok((account, region.to_owned(), asked));
    }
    let invalid = || fault::cloud_trail_arn_invalid(format!("The trail ARN {asked} is not valid."));
    let parsed = Arn::parse(asked).map_err(|_| invalid())?;
    let ("trail", name) = parsed.kind_and_rest() else { return Err(invalid()) };
    if parsed.service != "cloudtrail" || parsed.region.is_empty() {
        return Err(invalid());
    }
    let owner = parsed.account_id().ok_or_else(invalid)?;
    check_name(name)?;
    Ok((owner, parsed.region.to_owned(), name))
}

fn wrong_account(own: AccountId) -> Fault {
    let text = "AccountID in ARN is wrong, you can only access resources with AccountID";
    fault::cloud_trail_arn_invalid(format!("{text} {own}."))
}

/// [`find`] for the caller of a request.
///
/// # Errors
/// As [`find`].
pub fn of(at: &At<'_>, asked: &str) -> Result<Target, Fault> {
    find(at.db()?, at.account(), at.region, asked)
}

/// [`of`] for what looks: a member of an organization sees its trail as well, by the whole ARN. Of any other trail of
/// another account's it is asked like of one that is there: see [`Target::shown_to`].
///
/// # Errors
/// CloudTrailARNInvalidException, InvalidTrailNameException.
pub fn seen(at: &At<'_>, asked: &str) -> Result<Target, Fault> {
    let (db, own) = (at.db()?, at.account());
    let (account, region, name) = named(own, at.region, asked)?;
    if account == own {
        return of(at, asked);
    }
    let mut trail = organization::of_others(db, own)?.into_iter().find(|trail| trail.arn() == asked);
    if let Some(shadow) = &mut trail {
        // Its tags are the owner's business.
        shadow.tags = Tags::default();
    }
    Ok(Target { account, region, name: name.to_owned(), trail })
}

/// All trails of an account.
pub fn all(db: &Reader, account: AccountId) -> Result<Vec<Trail>, Fault> {
    let rows = db.run::<Trails>(&Scan::new(&(account,)))?;
    Ok(rows.into_iter().map(|(_, trail)| trail).collect())
}

/// Holds a trail's name to its rules.
///
/// # Errors
/// InvalidTrailNameException.
pub fn check_name(name: &str) -> Result<(), Fault> {
    let invalid = |text: &str| Err(fault::invalid_trail_name(text));
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = name.as_bytes();
    match () {
        () if name.len() < 3 => invalid("Trail name cannot be shorter than 3 characters."),
        () if name.len() > 128 => invalid("Trail name cannot be longer than 128 characters."),
        () if !bytes.first().copied().is_some_and(plain) => {
            invalid("Trail name must start with a letter or number.")
        }
        () if !bytes.last().copied().is_some_and(plain) => {
            invalid("Trail name must end with a letter or number.")
        }
        () if !bytes.iter().all(|b| plain(*b) || matches!(b, b'.' | b'_' | b'-')) => invalid(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), \
             hyphens (-), and underscores (_).",
        ),
        () if bytes.windows(2).any(|two| two.iter().all(|b| matches!(b, b'.' | b'_' | b'-'))) => {
            invalid("Trail name cannot have adjacent periods, hyphens or underscores.")
        }
        () if name.parse::<std::net::Ipv4Addr>().is_ok() => {
            invalid("Trail name cannot be in IP address format.")
        }
        () => Ok(()),
    }
}

/// A trail that is yet to be made.
pub fn new(at: &At<'_>, name: &str) -> Target {
    Target { account: at.account(), region: at.region.to_owned(), name: name.to_owned(), trail: None }
}
