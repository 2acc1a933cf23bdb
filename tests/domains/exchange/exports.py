"""Exports of a made-up firm's clients, in the forms in which the systems write them."""

import json
from typing import Any

SECRET = "Zx9-Tr0ub4dor-Secret"


def rows(*lines: str) -> bytes:
    """Return lines as a CSV file."""
    return "\r\n".join(lines).encode()


def document(data: Any) -> bytes:
    """Return data as a JSON file."""
    return json.dumps(data).encode()


ITFLOW_CLIENTS = rows(
    "Client Name,Industry,Referral,Website,Primary Location Name,Location Phone,Location Address,City,State,"
    "Postal Code,Country,Primary Contact Name,Title,Contact Phone,Extension,Contact Mobile,Contact Email,Hourly Rate,"
    "Currency,Payment Terms,Tax ID,Abbreviation",
    'Northwind,Retail,,northwind.test,Head Office,555-0100,"1 Pier Rd",Boston,MA,02101,United States,Ann Lee,Owner,'
    "555-0101,7,,ann@northwind.test,95.00,USD,30,,NW",
    "Contoso,,,,,,,,,,,,,,,,,0.00,USD,30,,",
)
ITFLOW = {
    "Northwind-Locations-2026-08-01_10-00-00.csv": rows(
        "Name,Description,Address,City,State,Postal Code,Phone,Hours",
        "Head Office,Main building,1 Pier Rd,Boston,MA,02101,555-0100,9-17",
        "Depot,,2 Dock St,Boston,MA,02102,,",
    ),
    "Northwind-Contacts-2026-08-01_10-00-00.csv": rows(
        "Name,Title,Department,Email,Phone,Ext,Mobile,Location",
        "Ann Lee,Owner,Management,ann@northwind.test,555-0101,7,,Head Office",
        "John Smith,Clerk,,john@northwind.test,,,,Depot",
        "John Smith,Driver,,jsmith@northwind.test,,,,Yard",
    ),
    "Northwind-Networks-2026-08-01_10-00-00.csv": rows(
        "Name,Description,VLAN,Network (CIDR),Gateway,IP Range,Primary DNS,Secondary DNS",
        "LAN,Office,10,192.168.10.1/24,192.168.10.1,192.168.10.100-200,192.168.10.5,",
        "Guest,,0,192.168.20.0/24,10.0.0.1,,,",
        "Planned,,,,,,,",
    ),
    "Northwind-Assets-2026-08-01_10-00-00.csv": rows(
        "Name,Description,Type,Make,Model,Serial Number,Operating System,Purchase Date,Warranty Expire,Install Date,"
        "Assigned To,Location,Physical Location,Notes,Client,Primary IP,Primary MAC",
        "NW-DC-01,Logons,Server,Dell,R450,SN1,Windows Server 2022,2024-01-05,2029-01-05,2024-01-09,,Head Office,"
        "Rack 1,'=see wiki,Northwind,192.168.10.5,00-1A-2B-3C-4D-5E",
        f"Büro PC 3,,Desktop,HP,,SN2,Windows 11,0000-00-00,2027,,Ann Lee,,,password: {SECRET},,DHCP,",
        "edge,,Firewall/Router,Fortinet,60F,SN3,,,,,,Head Office,,,,,",
        "printer,,Printer,,,SN4,,,,,,Head Office,,,,,",
        "printer,,Printer,,,SN5,,,,,,Depot,,,,,",
    ),
    "Northwind-Clients-2026-08-01_10-00-00.csv": ITFLOW_CLIENTS,
    "Northwind-Credentials-2026-08-01_10-00-00.csv": rows("Name,Username,Password", f"admin,root,{SECRET}"),
    "Northwind-Software-2026-08-01_10-00-00.csv": rows("Name,Version,Key", f"Office,2021,{SECRET}"),
}

NETBOX_CSV = {
    "netbox_tenants.csv": rows("Name,Description,Group,Comments", "Northwind,Retail,Customers,"),
    "netbox_sites.csv": rows(
        "Name,Status,Facility,Region,Tenant,Time zone,Description,Physical address,Comments,ID",
        'Depot,Active,DC1,Europe,Northwind,Europe/Berlin,Stores,"2 Dock St\nBoston",,1',
    ),
    "netbox_devices.csv": rows(
        "Name,Status,Tenant,Site,Location,Rack,Position,Role,Manufacturer,Type,Platform,Serial number,Asset tag,"
        "IP Address,Description,Comments,Tags,ID",
        "hv01,Active,Northwind,Depot,Room 1,R1,10,Hypervisor,Dell,R650,ESXi,SN1,A-1,10.0.0.2/24,VMs,,prod,1",
        "core-sw,Decommissioning,Northwind,Depot,,R1,,Switch,Cisco,C9300,,,,,,,,2",
        ",Active,Northwind,Depot,,R1,,Patch panel,,,,,,,,,,3",
    ),
    "netbox_virtual machines.csv": rows(
        "Name,Status,Role,Site,Cluster,Device,Tenant,Platform,IP Address,Description,Memory,ID",
        "dc01,Active,Domain Controller,Depot,C1,hv01,Northwind,Windows,10.0.0.5/24,Logons,8 GB,1",
        "web01,Active,,,C1,elsewhere,Northwind,,,,,2",
    ),
    "netbox_prefixes.csv": rows(
        "Prefix,Status,VRF,Tenant,Scope Type,Scope,VLAN,Role,Description,ID",
        "10.0.0.0/24,Active,,Northwind,dcim.site,Depot,Servers (100),Production,,1",
        "10.0.1.0/24,Active,,Northwind,dcim.region,Europe,,,Guest,2",
        "10.0.0.0/16,Container,,Northwind,,,,,All,3",
    ),
    "netbox_application services.csv": rows(
        "Name,Parent,Protocol,Ports,Description,ID", 'DNS,dc01,UDP,"53, 853",Resolver,1'
    ),
    "netbox_contacts.csv": rows("Name,Title,Phone,Email", "Ann Lee,Owner,555-1,ann@northwind.test", "Bob,,,"),
    "netbox_contact assignments.csv": rows(
        "Object Type,Object,Contact,Role,Priority", "dcim.site,Depot,Ann Lee,Key holder,Primary"
    ),
    "netbox_racks.csv": rows("Name,Site", "R1,Depot"),
}


def netbox(path: str, number: int, **item: Any) -> dict[str, Any]:
    """Return an object as the REST API shows it."""
    url = f"https://netbox.test/api/{path}/{number}/"
    return {"id": number, "url": url, "display": item.get("name") or "", **item, "created": "2024-01-01T00:00:00Z"}


def brief(name: str) -> dict[str, Any]:
    """Return an object as others refer to it."""
    return {
        "id": 1,
        "url": "https://netbox.test/api/x/y/1/",
        "display": name.title(),
        "name": name,
        "slug": name.lower(),
    }


ACTIVE = {"value": "active", "label": "Active"}
NETBOX_JSON = {
    "sites.json": document({"count": 1, "next": None, "previous": None, "results": [
        netbox("dcim/sites", 1, name="Depot", status=ACTIVE, tenant=brief("Northwind"), time_zone="Europe/Berlin",
               facility="DC1", region=brief("Europe"), description="Stores", physical_address="2 Dock St\nBoston",
               custom_fields={"alarm": "4711"}, device_count=2),
    ]}),
    "all/devices.json": document([
        netbox("dcim/devices", 1, name="hv01", status=ACTIVE, tenant=brief("Northwind"), site=brief("Depot"),
               location=brief("Room 1"), rack=brief("R1"), position=10.0, role=brief("Hypervisor"),
               device_type={**brief("x"), "name": None, "model": "R650", "manufacturer": brief("Dell")},
               platform=brief("ESXi"), serial="SN1", asset_tag="A-1", description="VMs",
               primary_ip={"id": 1, "address": "10.0.0.2/24", "display": "10.0.0.2/24", "family": {"value": 4}}),
        netbox("virtualization/virtual-machines", 1, name="dc01", status=ACTIVE, tenant=brief("Northwind"),
               site=brief("Depot"), device=brief("hv01"), cluster=brief("C1"), role=brief("Domain Controller"),
               platform=brief("Windows"), description="Logons", vcpus=2.0, memory=8192,
               primary_ip={"id": 2, "address": "10.0.0.5/24"}),
    ]),
    "prefixes.json": document({"results": [
        netbox("ipam/prefixes", 1, prefix="10.0.0.0/24", status=ACTIVE, tenant=brief("Northwind"),
               scope_type="dcim.site", scope_id=1, scope=brief("Depot"), role=brief("Production"), description="",
               vlan={"id": 9, "vid": 100, "name": "Servers", "display": "Servers (100)"}),
    ]}),
    "services.json": document({"results": [
        netbox("ipam/services", 1, name="DNS", parent_object_type="virtualization.virtualmachine", parent=brief("dc01"),
               protocol={"value": "udp", "label": "UDP"}, ports=[53, 853], description="Resolver"),
    ]}),
    "contacts.json": document({"results": [
        netbox("tenancy/contacts", 1, name="Ann Lee", title="Owner", phone="555-1", email="ann@northwind.test"),
        netbox("tenancy/contact-assignments", 1, object_type="dcim.site", object_id=1, object=brief("Depot"),
               contact=brief("Ann Lee"), role=brief("Key holder"), priority={"value": "primary", "label": "Primary"}),
    ]}),
}  # fmt: skip

ITGLUE = {
    "organizations.csv": rows(
        "id,name,organization_type,organization_status,short_name,description,quick_notes,alert",
        "1,Northwind,Customer,Active,NW,Retail,<p>Call <b>Ann</b> first</p>,Closed on Mondays",
        "2,Old Client,Customer,Inactive,,,,",
    ),
    "locations.csv": rows(
        "id,organization,name,primary,address_1,address_2,city,region,country,postal_code,phone,fax,notes",
        "1,Northwind,Depot,Yes,2 Dock St,,Boston,Massachusetts,United States,02102,555-0100,,Ring twice",
    ),
    "contacts.csv": rows(
        "id,organization,important,first_name,last_name,contact_type,title,location,primary_email,primary_phone,notes,"
        "additional_contact_items",
        '1,Northwind,Yes,Ann,Lee,Approver,Owner,Depot,ann@northwind.test,555-0101,,"[{""label_name"":""Home"",'
        '""label_type"":""Phone"",""value"":""555-0199""}]"',
    ),
    "configurations.csv": rows(
        "id,organization,name,configuration_type,configuration_status,hostname,primary_ip,default_gateway,mac_address,"
        "serial_number,asset_tag,manufacturer,model,operating_system,operating_system_notes,position,notes,"
        "installed_at,installed_by,purchased_at,purchased_by,warranty_expires_at,contact,location,"
        "configuration_interfaces",
        "1,Northwind,File server,Managed Server,Active,nw-fs-01,10.0.0.5,10.0.0.1,00:1a:2b:3c:4d:5e,SN1,A-7,Dell,R450,"
        f"Windows Server 2022,,Rack 1,<p>Admin password is {SECRET}</p>,2024-01-09,Kim,2024-01-05,,2029-01-05,Ann Lee,"
        'Depot,"[{""name"":""eth0""}]"',
        "2,Northwind,Ann's Laptop,Managed Workstation,Inactive,,,,,SN2,,,,,,,,,,,,,,,",
    ),
    "documents.csv": rows(
        "id,organization,name,expires_on,owner,publisher,locator,public,archived,help_center",
        "7,Northwind,Restore the file server,,,Kim,DOC-1-7,No,No,No",
        "8,Northwind,Old,,,,DOC-1-8,No,Yes,No",
        "9,Northwind,Lost,,,,DOC-1-9,No,No,No",
    ),
    "Documents/DOC-1-7 Restore the file server/Restore the file server.html": (
        f"<h1>Restore</h1><ol><li>Boot</li><li>Sign in, password: {SECRET}</li></ol>".encode()
    ),
    "passwords.csv": rows("id,organization,name,username,password", f"1,Northwind,admin,root,{SECRET}"),
    "ssl-certificates.csv": rows("id,organization,name", "1,Northwind,northwind.test"),
    "attachments/configurations/1/photo.csv": rows("id,name", "1,x"),
}

HUDU = {
    "companies.json": document({"companies": [
        {"id": 1, "slug": "nw", "name": "Northwind", "nickname": "NW", "address_line_1": "1 Pier Rd", "city": "Boston",
         "phone_number": "555-0100", "website": "https://northwind.test", "notes": "<p>Closed on Mondays</p>",
         "archived": False, "object_type": "Company", "integrations": []},
    ]}),
    "assets-1.json": document({"assets": [
        {"id": 10, "company_id": 1, "company_name": "Northwind", "asset_layout_id": 1, "asset_type": "Locations",
         "name": "Depot", "archived": False, "object_type": "Asset", "cards": [],
         "fields": [{"id": 1, "label": "Address", "value": "2 Dock St", "position": 1},
                    {"id": 2, "label": "City", "value": "Boston", "position": 2},
                    {"id": 3, "label": "Alarm PIN", "value": SECRET, "position": 3}]},
        {"id": 11, "company_id": 1, "company_name": "Northwind", "asset_type": "People", "name": "Ann Lee",
         "primary_mail": "ann@northwind.test", "archived": False, "object_type": "Asset",
         "fields": [{"id": 4, "label": "Job Title", "value": "Owner", "position": 1},
                    {"id": 5, "label": "Location", "value": '[{"id":10,"url":"/a/depot","name":"Depot"}]'}]},
        {"id": 12, "company_id": 1, "company_name": "Northwind", "asset_type": "Computer Assets", "name": "nw-fs-01",
         "primary_serial": "SN1", "primary_model": "R450", "primary_manufacturer": "Dell", "archived": False,
         "object_type": "Asset",
         "fields": [{"label": "IP Address", "value": "10.0.0.5"}, {"label": "Type", "value": "Server"},
                    {"label": "Operating System", "value": "Windows Server 2022"},
                    {"label": "Rack", "value": "R1"}, {"label": "Local admin password", "value": SECRET},
                    {"label": "Notes", "value": f"<p>The password is {SECRET}</p>"},
                    {"label": "Backed up", "value": True},
                    {"label": "Location", "value": '[{"id":10,"url":"/a/depot","name":"Depot"}]'}]},
        {"id": 13, "company_id": 1, "company_name": "Northwind", "asset_type": "Licensing", "name": "Office",
         "archived": False, "object_type": "Asset", "fields": []},
        {"id": 14, "company_id": 1, "company_name": "Northwind", "asset_type": "Computer Assets", "name": "old",
         "archived": True, "object_type": "Asset", "fields": []},
    ]}),
    "articles.json": document([
        {"id": 1, "name": "Restore", "content": f"<h1>Restore</h1><p>Sign in, password: {SECRET}</p>", "company_id": 1,
         "draft": False, "archived": False, "object_type": "Article"},
        {"id": 2, "name": "For all", "content": "<p>x</p>", "company_id": None, "object_type": "Article"},
    ]),
    "networks.json": document({"networks": [
        {"id": 1, "name": "LAN", "address": "10.0.0.0/24", "network_type": 0, "company_id": 1, "location_id": 10,
         "vlan_id": None, "description": "Office"},
    ]}),
    "passwords-page.json": document({"asset_passwords": [{"id": 1, "company_id": 1, "password": SECRET}]}),
    "page.json": document({"asset_passwords": [{"id": 1, "company_id": 1, "password": SECRET}]}),
}  # fmt: skip
