"""Every filter that AWS's model of EC2 documents is known here, whether or not anything has a value for it."""

import re

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from running import ROOT

# Deeper lists in a filter's text, which explain a value and are no filters.
VALUES = {"informational", "low", "medium", "high", "critical"}


def documented():
    """Operations that are here and take filters, each with the names that its documentation lists."""
    page = (ROOT / "docs" / "permissions.txt").read_text()
    here = set(re.findall(r"^ec2:(\w+)  ", page, re.M))
    model = botocore.session.get_session().get_service_model("ec2")
    for name in sorted(here & set(model.operation_names)):
        shape = model.operation_model(name).input_shape
        member = next((own for own in ("Filters", "Filter") if shape and own in shape.members), None)
        if member is None:
            continue
        text = shape.members[member].documentation
        names = re.findall(r"<li>\s*<p>\s*<code>([\w.\-/]+)(:)?(?:&lt;key&gt;)?</code>", text)
        yield name, shape, member, [f"{own}:key" if colon or own == "tag" else own for own, colon in names if own not in VALUES]


def test_every_documented_filter_is_known(server):
    ec2 = server.client("ec2", server.root)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image})
    list_id = ec2.create_managed_prefix_list(PrefixListName="own", MaxEntries=1, AddressFamily="IPv4")["PrefixList"]["PrefixListId"]
    given = {"VpcId": vpc, "PrefixListId": list_id, "GroupIds": [], "GroupId": [], "LaunchTemplateName": "web"}
    asked, refused = 0, []
    for name, shape, member, filters in documented():
        more = {own: given[own] for own in shape.required_members}
        if name == "DescribeLaunchTemplateVersions":
            more["LaunchTemplateName"] = "web"
        for own in filters:
            asked += 1
            try:
                getattr(ec2, xform_name(name))(**more, **{member: [{"Name": own, "Values": ["none"]}]})
            except ClientError as fault:
                refused.append((name, own, str(fault)))
    assert not refused, "\n".join(map(str, refused))
    assert asked > 500
