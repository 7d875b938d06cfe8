//! ReplaceNetworkAclAssociation: puts a subnet under another network access list.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    ReplaceNetworkAclAssociation, ReplaceNetworkAclAssociationRequest, ReplaceNetworkAclAssociationResult,
};
use crate::network::questions::{on_network_acl, on_subnet};
use crate::network::{self, Network, get, must, refusals};
use crate::place::Place;
use crate::records::{AssociationOwners, NetworkAcls, SubnetAssociation, Subnets};
use crate::wiring::touch;

impl Operation for ReplaceNetworkAclAssociation {
    type Access = Write;

    fn needs(input: &ReplaceNetworkAclAssociationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let db = at.db()?;
        let mut asked =
            vec![on_network_acl(ec2::ReplaceNetworkAclAssociation, at, &input.network_acl_id)?.done()];
        if let Some(old) = network::owner_of(db, Place::of(at), &input.association_id)? {
            asked.push(on_network_acl(ec2::ReplaceNetworkAclAssociation, at, &old)?.done());
            let old = get::<NetworkAcls>(db, Place::of(at), &old)?.unwrap_or_default();
            if let Some(own) = old.associations.iter().find(|own| own.id == input.association_id) {
                asked.push(on_subnet(ec2::ReplaceNetworkAclAssociation, at, &own.subnet)?.done());
            }
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReplaceNetworkAclAssociationResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let id = &input.association_id;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let missing = || refusals::no_association(id);
        let owner = network::owner_of(tx, place, id)?.ok_or_else(missing)?;
        let mut old = get::<NetworkAcls>(tx, place, &owner)?.ok_or_else(missing)?;
        let at = old.associations.iter().position(|own| own.id == *id).ok_or_else(missing)?;
        let new = must::<NetworkAcls>(tx, place, &input.network_acl_id, refusals::no_network_acl)?;
        if new.vpc != old.vpc {
            let text =
                format!("Network acl {} and network acl {} belong to different networks", new.id, old.id);
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        let mut subnet = must::<Subnets>(tx, place, &old.associations.remove(at).subnet, faults::no_subnet)?;
        tx.put::<NetworkAcls>(&place.key(&old.id), &old)?;
        // Read again: it may be the same list.
        let mut new = must::<NetworkAcls>(tx, place, &new.id, refusals::no_network_acl)?;
        let made = env.resource_id("aclassoc");
        new.associations.push(SubnetAssociation { id: made.clone(), subnet: subnet.id.clone() });
        tx.put::<NetworkAcls>(&place.key(&new.id), &new)?;
        tx.delete::<AssociationOwners>(&place.key(id))?;
        network::own_association(tx, place, &made, &new.id)?;
        subnet.network_acl = new.id.clone();
        subnet.acl_association = made.clone();
        tx.put::<Subnets>(&place.key(&subnet.id), &subnet)?;
        touch(tx, place, &new.vpc)?;
        Ok(ReplaceNetworkAclAssociationResult { new_association_id: Some(made) })
    }
}
