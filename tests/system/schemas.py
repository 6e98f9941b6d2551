"""JSON schemas of what exports must be, by their standards and not by our code."""

NAME = {"type": "string", "minLength": 1}
TIME = {"type": "integer", "minimum": 1000000000, "maximum": 5000000000}

# draft-dulaunoy-dnsop-passive-dns-cof: section 3, mandatory and optional fields; the others must not be there
COF = {
    "type": "object", "additionalProperties": False, "required": ["rrname", "rrtype", "rdata", "time_first", "time_last"],
    "properties": {
        "rrname": NAME, "rrtype": {"enum": ["A", "AAAA", "CNAME"]}, "rdata": NAME, "time_first": TIME, "time_last": TIME,
        "count": {"type": "integer", "minimum": 1}, "bailiwick": NAME, "sensor_id": NAME, "origin": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:"}}}

# RFC 7946
GEOJSON = {
    "type": "object", "required": ["type", "features"], "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {
            "type": "object", "required": ["type", "geometry", "properties"], "properties": {
                "type": {"const": "Feature"}, "properties": {"type": ["object", "null"]},
                "geometry": {"oneOf": [{"type": "null"}, {
                    "type": "object", "required": ["type", "coordinates"], "additionalProperties": False, "properties": {
                        "type": {"const": "Point"},
                        "coordinates": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [
                            {"type": "number", "minimum": -180, "maximum": 180}, {"type": "number", "minimum": -90, "maximum": 90}]}}}]}}}}}}

# RFC 8520 (section 2.1 has the tree), RFC 8519 for the lists, sections 7 and 8 for the names
LISTS = {"type": "object", "required": ["access-lists"], "additionalProperties": False, "properties": {
    "access-lists": {"type": "object", "required": ["access-list"], "additionalProperties": False, "properties": {
        "access-list": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["name"], "additionalProperties": False, "properties": {"name": NAME}}}}}}}
MATCH = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": {
    key: {"type": "string", "pattern": r"^[a-z0-9._-]{1,253}$"} for key in ("ietf-acldns:dst-dnsname", "ietf-acldns:src-dnsname")}}
MUD = {
    "type": "object", "required": ["ietf-mud:mud", "ietf-access-control-list:acls"], "additionalProperties": False, "properties": {
        "ietf-mud:mud": {
            "type": "object", "required": ["mud-version", "mud-url", "last-update", "is-supported"], "additionalProperties": False, "properties": {
                "mud-version": {"const": 1}, "mud-url": {"type": "string", "pattern": r"^https://[A-Za-z0-9./_-]+$", "maxLength": 253},
                "last-update": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
                "cache-validity": {"type": "integer", "minimum": 1, "maximum": 168}, "is-supported": {"type": "boolean"},
                "systeminfo": {"type": "string", "maxLength": 60}, "from-device-policy": LISTS, "to-device-policy": LISTS}},
        "ietf-access-control-list:acls": {"type": "object", "required": ["acl"], "additionalProperties": False, "properties": {
            "acl": {"type": "array", "items": {
                "type": "object", "required": ["name", "type", "aces"], "additionalProperties": False, "properties": {
                    "name": NAME, "type": {"enum": ["ipv4-acl-type", "ipv6-acl-type"]},
                    "aces": {"type": "object", "required": ["ace"], "properties": {"ace": {"type": "array", "minItems": 1, "items": {
                        "type": "object", "required": ["name", "matches", "actions"], "additionalProperties": False, "properties": {
                            "name": NAME, "matches": {"type": "object", "minProperties": 1, "additionalProperties": False,
                                                      "properties": {"ipv4": MATCH, "ipv6": MATCH}},
                            "actions": {"type": "object", "required": ["forwarding"], "properties": {
                                "forwarding": {"enum": ["accept", "drop", "reject"]}}}}}}}}}}}}}}}
