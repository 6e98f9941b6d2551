/* The configuration as checked structs: what portafilter.yaml says, with every error told at
 * once, each with file, line and column. Pure data: stages build their own tables from it.
 *
 * The file's shape and its keys are those of portafilter.yaml(5). */
#ifndef PF_CONFIG_CONFIG_H
#define PF_CONFIG_CONFIG_H

#include "base/addr.h"
#include "base/diag.h"
#include "base/zone.h"
#include "dns/name.h"
#include "dns/tsig.h"
#include "value/device.h"
#include "value/event.h"
#include "value/facts.h"
#include "value/group.h"
#include "value/listset.h"
#include "value/marks.h"
#include "value/privacy.h"
#include "value/protocol.h"
#include "value/tags.h"
#include "value/verdict.h"

#define CONFIG_FILE_BYTES_MAX (16u << 20) /* a configuration is written by people */
#define CONFIG_DEPTH_MAX 16               /* nesting of YAML nodes */
#define CONFIG_LISTEN_MAX 32
#define CONFIG_UPSTREAM_MAX 16
#define CONFIG_WORKERS_MAX 64
#define CONFIG_DEVICES_MAX 65536
#define CONFIG_TAG_HOMES_MAX 7 /* every answer is judged for each of them, and for `home` itself */
#define CONFIG_RULES_MAX 1024
/* In the state directory: rules that people added while the daemon runs (the dashboard does). A YAML file whose one key is `rules`;
 * they come before those of the configuration, and may name tags that no device has yet. */
#define CONFIG_ADDED_RULES "rules.yaml"
#define CONFIG_HOSTS_MAX 16384 /* `hosts` is written by people; more belong into `hosts-file` */
#define CONFIG_HOST_TTL_DEFAULT_S 60 /* a machine that moves is found again within a minute */
#define CONFIG_HOST_TTL_MAX_S 86400
#define CONFIG_FORWARD_MAX 16        /* groups of upstreams besides the default one */
#define CONFIG_TAG_RULES_MAX 64      /* which of them hold for a device is one machine word */
#define CONFIG_RATE_LIMIT_MAX 200000 /* queries a minute; what is allowed more needs no limit */
#define CONFIG_EXEMPT_MAX 64         /* walked through for each query */
#define CONFIG_FORWARDERS_MAX 64     /* walked through for each query that names its client */
#define CONFIG_LEASE_FILES_MAX 8

struct config_pos {
	unsigned line, column; /* from 1 */
};

/* `home` of devices with a tag. */
struct config_home {
	size_t tag;
	size_t count;
	struct country *codes;
};

/* One entry of devices[]. At least one of mac, addresses, hostname, client identifier and tls_id is there. */
#define SILENT_AFTER_OFF (-1)
struct config_device {
	struct config_pos pos;
	char name[DEVICE_NAME_MAX];
	bool has_mac;
	struct mac mac;
	size_t prefix_count; /* `ip:` is one string or a list of them, each an address or a CIDR */
	struct prefix *prefixes;
	char hostname[DEVICE_HOSTNAME_MAX]; /* the name in its lease, in lower case; "": not given */
	size_t client_length; /* the DHCP client identifier or DUID in its lease; 0: not given */
	uint8_t client[DEVICE_CLIENT_MAX];
	char tls_id
		[DEVICE_LABEL_MAX]; /* how it is called in its TLS server name, in lower case; "": not given */
	int64_t silent_after_us; /* SILENT_AFTER_OFF; 0: as the configuration's */
	tag_set tags;            /* with TAG_ALL */
};

/* One entry of tag-rules[]: a device for which all that is given holds has the tag. Patterns are globs (* and ?)
 * without regard to case; at least one is given. */
struct config_tag_rule {
	struct config_pos pos;
	uint8_t tag;
	char *vendor, *hostname, *mac, *asks; /* NULL: not given */
	unsigned times;                       /* with `asks`: more often than this within an hour */
};

enum lease_format { LEASE_DNSMASQ, LEASE_DHCPD, LEASE_KEA, LEASE_ODHCPD };

struct config_lease_file {
	struct config_pos pos;
	char *path; /* absolute; need not be there yet */
	enum lease_format format;
};

enum list_format {
	LIST_FORMAT_AUTO,
	LIST_FORMAT_PLAIN,
	LIST_FORMAT_HOSTS,
	LIST_FORMAT_ADBLOCK,
	LIST_FORMAT_DNSMASQ,
	LIST_FORMAT_UNBOUND,
	LIST_FORMAT_RPZ,
	LIST_FORMAT_REGEX,
	LIST_FORMAT_CIDR,
	LIST_FORMAT_COUNT,
};

/* `rpz:` of a list: a response policy zone that is transferred from its primary. */
struct config_rpz {
	struct dns_name zone;
	struct addr_port primary;
	bool tsig; /* the next three are given */
	struct dns_name key_name;
	enum tsig_algorithm algorithm;
	char *secret_file; /* absolute; holds the secret as base64 */
};

/* One entry of lists[]. Exactly one of `file`, `url` and `rpz` is given. */
struct config_list {
	struct config_pos pos;
	char *name;
	char *
		file; /* absolute; of a list with `url` or `rpz` the place of its last good copy, which may not
	                           be there yet */
	char *url;              /* NULL, or https://, http:// or file:/// */
	struct config_rpz *rpz; /* or NULL */
	int64_t refresh_us;     /* of `url`: how often it is asked, 24 hours by default */
	int64_t timeout_us; /* the most that one fetch or transfer may take, 10 minutes by default */
	uint64_t bytes_max; /* the most that is taken, unpacked; 128 MiB by default */
	bool allow_private; /* special-use addresses may be fetched from */
	char *ca_file;      /* NULL: the system's certificate authorities */
	enum list_format format; /* of `format:` */
	struct marks_wanted marks;
	bool
		mentioned; /* not in the file: the lines of another list that a rule asks for (mention.h) */
	bool of_copy;  /* … of one with `url` */
};

/* A pattern of names: exact "a.example", "*.example" (everything below, not itself) or "/regex/". */
enum pattern_kind { PATTERN_EXACT, PATTERN_BELOW, PATTERN_REGEX };

struct config_pattern {
	struct config_pos pos;
	enum pattern_kind kind;
	char *text;           /* as written, for explanations */
	char *regex;          /* PATTERN_REGEX: without the slashes */
	struct dns_name name; /* else */
};

/* Does each name that one of the narrow ones matches match one of the wide ones, as far as it can be told? Of two expressions only
 * when they are the same. */
bool patterns_cover(const struct config_pattern *wide, size_t wide_count,
                    const struct config_pattern *narrow, size_t narrow_count);

/* Countries that a rule names. Blocs are written out. */
struct config_countries {
	bool given, negated; /* `!CN`: all known countries but these */
	size_t count;
	struct country *codes;
};

#define DURING_BYTES (WEEK_MINUTES / 8)
#define DURING_TEXT_MAX 128

/* When in the week a rule acts: the minutes of the local week. */
struct config_during {
	struct config_pos pos;
	char *zone;                 /* an IANA name; NULL: the system's */
	char text[DURING_TEXT_MAX]; /* as written, for explanations */
	uint8_t week[DURING_BYTES]; /* bit n: the minute n, from Monday 00:00 */
};

/* One entry of rules[]. What is not given does not restrict; all that is given must hold. */
struct config_rule { /* a new key is one for policy/shadow.c too */
	struct config_pos pos;
	bool added; /* by people, see CONFIG_ADDED_RULES: `pos` is in that file */
	char *name;
	tag_set tags;      /* the device must have one of them; 0: not given, like `all` */
	tag_set tags_all;  /* and all of these */
	tag_set tags_none; /* and none of these */
	size_t name_count, not_name_count;
	struct config_pattern *names;     /* one must match, when there is any */
	struct config_pattern *not_names; /* and none of these */
	bool lists_given;                 /* `lists` names one without `!` */
	struct list_set lists, not_lists; /* one of them, and none of these */
	size_t type_count;
	uint16_t *types;
	bool types_negated;         /* none of them */
	enum standing standing;     /* STANDING_NONE: not given */
	enum confidence confidence; /* the least that counts; CONFIDENCE_NONE: not given */
	struct config_countries location, control;
	size_t asn_count;
	uint32_t *asns;
	bool asns_negated; /* a known network that is none of them */
	size_t address_count;
	struct prefix *addresses;
	bool addresses_negated; /* in none of them */
	size_t cname_count;
	struct config_pattern *cnames;
	bool
		match_all; /* all addresses of an answer must meet what it asks of addresses; else one is enough */
	struct config_during *during; /* NULL: at all times */
	bool follow_off;              /* `follow-cname: off` */
	enum action action;
	struct rule_reply reply; /* of a sinkhole rule; `reply:` is a word or a list of addresses */
};

/* One entry of hosts[]: exactly one of addresses, CNAME and PTR. */
struct config_host {
	struct config_pos pos;
	struct dns_name name;
	size_t address_count;
	struct addr *addresses;
	bool has_cname, has_ptr;
	struct dns_name target; /* of either */
	uint32_t ttl_s;         /* 1..CONFIG_HOST_TTL_MAX_S */
};

/* One entry of forward[]: zones (each with everything below it, never the root, no zone twice in all) and who is asked
 * for them. */
struct config_forward {
	struct config_pos pos;
	size_t zone_count, upstream_count;
	struct dns_name *zones;
	struct upstream_target upstreams[CONFIG_UPSTREAM_MAX];
};

/* dnssec, recursion, and `recursive` among the upstreams: what the recursor is told. */
enum config_dnssec { CONFIG_DNSSEC_OFF, CONFIG_DNSSEC_VALIDATE, CONFIG_DNSSEC_DEFAULT };
struct config_recursion {
	bool recursive, validates;
	enum config_dnssec
		dnssec; /* as written; the default is to validate what is found out by ourselves, and nothing else */
	struct addr_port address; /* where it is asked; of the loopback interface */
	size_t forward_count;     /* whom it asks in turn; 0: the authoritative name servers */
	struct upstream_target forwards[CONFIG_UPSTREAM_MAX];
	char *hints, *anchor; /* files; NULL: what libunbound has built in */
	size_t unsigned_count;
	struct dns_name *unsigned_zones; /* negative trust anchors (RFC 7646) */
	size_t stub_count;
	struct config_forward *stubs; /* zones and their authoritative name servers */
};

/* Names by which devices ask whether they may go around this resolver. */
enum config_hatch { HATCH_CANARY, HATCH_MASK, HATCH_MASK_H2, HATCH_DDR, CONFIG_HATCH_COUNT };
extern const char *const config_hatch_names[CONFIG_HATCH_COUNT];

struct config_path {
	struct config_pos pos;
	char *path; /* absolute */
};

struct config_geo {
	size_t location_count, control_count, anycast_count;
	struct config_path *location, *control, *anycast;
	bool anycast_published; /* the list that comes with the program counts too */
	bool defaulted;     /* no `geo:` in the file: the standard paths that exist on this machine */
	int64_t max_age_us; /* geo.max-age, 365 days by default */
};

/* One entry of notify[]: who is told of events, and how. */
#define CONFIG_NOTIFY_MAX 16
enum config_notify_kind {
	CONFIG_NOTIFY_WEBHOOK,
	CONFIG_NOTIFY_NTFY,
	CONFIG_NOTIFY_COMMAND,
	CONFIG_NOTIFY_SYSLOG,
};
struct config_notify {
	struct config_pos pos;
	enum config_notify_kind kind;
	char *where;      /* the URL, or the path of the socket; NULL for a command */
	char **arguments; /* of a command: its path first, NULL behind the last; no shell sees them */
	size_t argument_count;
	char *secret_file; /* the key of a webhook's signature, the token of ntfy; NULL: none */
	char *ca_file;     /* the authority of its certificate; NULL: the system's */
	unsigned kinds;    /* bits of enum event_kind */
};

/* One entry of journal.tags: of devices with this tag. */
#define CONFIG_PRIVACY_TAGS_MAX 16
struct config_privacy_tag {
	size_t tag;
	enum privacy privacy;
};

/* One entry of journal.also[]. */
#define CONFIG_SINKS_MAX 8
enum config_sink_kind { CONFIG_SINK_JSONL, CONFIG_SINK_DNSTAP, CONFIG_SINK_SYSLOG };

/* Where a collector listens. */
enum config_transport { CONFIG_UNIX, CONFIG_TCP, CONFIG_UDP };
struct config_collector {
	enum config_transport transport;
	char *path;               /* CONFIG_UNIX: absolute */
	struct addr_port address; /* the others */
};

/* Which messages are sent over dnstap: bits. A response brings its query along when that is not sent by itself; what
 * was not responded to comes as a query. */
enum config_message {
	CONFIG_CLIENT_QUERY = 1,
	CONFIG_CLIENT_RESPONSE = 2,
	CONFIG_FORWARDER_QUERY = 4,
	CONFIG_FORWARDER_RESPONSE = 8,
	CONFIG_MESSAGES_DEFAULT = CONFIG_CLIENT_RESPONSE | CONFIG_FORWARDER_RESPONSE,
};

struct config_sink {
	struct config_pos pos;
	enum config_sink_kind kind;
	char *path;                        /* JSON lines: absolute */
	uint64_t bytes_max;                /* of one such file, then it is rotated; default 64M */
	unsigned files;                    /* in all; default 8 */
	struct config_collector collector; /* dnstap, syslog */
	unsigned messages;                 /* dnstap: bits of enum config_message */
	unsigned rate;       /* syslog: messages a second, more are dropped; default 2,000 */
	unsigned enterprise; /* syslog: the number in the id of its structured data; default 32473 */
};

/* How many queries the addresses of one prefix may ask in a minute. */
struct config_rate_limit {
	unsigned queries;    /* 0: no limit; default 1000 */
	unsigned slip;       /* of those over it over UDP, each so manyth gets TC; 0: none; default 2 */
	unsigned waiting;    /* for upstreams at one time, in each worker; default 200 */
	unsigned ipv4, ipv6; /* lengths of the prefixes; default 32 and 64 */
	size_t exempt_count;
	struct prefix *exempt; /* and trusted-forwarders; default loopback */
};

/* listen.dns, .tls, .https and .quic: one place. */
struct config_listen {
	struct addr_port address;
	enum protocol protocol; /* PROTOCOL_UDP: UDP and TCP */
};

static inline bool config_listen_equal(const struct config_listen *a, const struct config_listen *b)
{
	return a->protocol == b->protocol && a->address.port == b->address.port &&
	       addr_equal(&a->address.addr, &b->address.addr);
}

/* listen.certificate: what the encrypted ones show. */
#define CONFIG_CERTIFICATE_NAMES_MAX 16
struct config_certificate {
	struct config_pos pos;
	bool wanted; /* something is encrypted */
	bool made;   /* not given: the files are in the state directory, and made at the first start */
	char *file, *key; /* absolute, PEM */
	char *clients;    /* authorities of clients' certificates; NULL: these are not asked for */
	bool clients_required;
	size_t name_count; /* clients may come as LABEL.NAME: then LABEL is who they are; lower case */
	char *names[CONFIG_CERTIFICATE_NAMES_MAX];
};

/* listen.discovery: are clients told of the encrypted ones (RFC 9462), and under which name? */
struct config_discovery {
	struct config_pos pos;
	bool off, named;
	struct dns_name name;
};

/* listen.web: where the dashboard and the API are had over HTTP. */
#define CONFIG_WEB_MAX 4        /* addresses; each is a thread */
#define CONFIG_WEB_NAMES_MAX 16 /* a machine has few names */
struct config_web {
	struct config_pos pos; /* line 0: not given, so that what can not be bound is no error */
	size_t count;          /* 0: off */
	struct addr_port addresses[CONFIG_WEB_MAX]; /* default 127.0.0.1:8053 */
	size_t name_count;
	char *names
		[CONFIG_WEB_NAMES_MAX]; /* that browsers may know it by, beside addresses and localhost; lower case */
	int64_t session_us;      /* how long a login lasts; 12 hours by default */
	char *certificate, *key; /* absolute, PEM; both or none (plain HTTP) */
};

/* How closed the daemon is once it runs (daemon/sandbox.h): calls of the kernel that it has no use for fail, or end it. */
enum config_sandbox { CONFIG_SANDBOX_ON, CONFIG_SANDBOX_OFF, CONFIG_SANDBOX_STRICT };

/* What is kept of what upstreams said. */
struct config_cache {
	size_t bytes;     /* cache.size ("64M") */
	int64_t stale_us; /* how long past its time an answer may serve; 0: not at all; default a day */
	uint32_t ttl_min_s, ttl_max_s; /* default 0 and a day */
	bool prefetch;                 /* default on */
	int64_t save_us; /* how often it is written into the state directory; 0: never, the default */
};

/* All that is said of journal.also, as a text: whether two configurations say the same. The caller's to free; NULL without
 * memory. */
struct config;
char *config_describe_sinks(const struct config *config);
/* The same of listen.web. */
char *config_describe_web(const struct config *config);

struct config {
	char *file; /* the path it was read from, as given */
	char *text; /* what it was read from, so that it can be built again; NUL-terminated */
	size_t text_length;
	char *user; /* NULL: not given */
	struct config_pos user_pos;
	enum config_sandbox sandbox;
	size_t listen_count;
	struct config_listen listen[CONFIG_LISTEN_MAX]; /* default 127.0.0.1:53 and [::1]:53 */
	struct config_certificate certificate;
	struct config_discovery discovery;
	unsigned connections; /* listen.connections: over TCP, of one worker; default 10,000 */
	struct config_web web;
	char *control_socket; /* listen.control; default /run/portafilter/control.sock */
	size_t allow_count;
	struct prefix *allow; /* allow-from, `private` and `all` written out; default private */
	struct config_rate_limit rate_limit;
	unsigned workers; /* 0: one a core */
	size_t upstream_count;
	struct upstream_target upstreams
		[CONFIG_UPSTREAM_MAX]; /* default: resolv.conf's; the recursor alone where it is used */
	size_t bootstrap_count;
	struct upstream_target
		bootstrap[CONFIG_UPSTREAM_MAX]; /* plain; who is asked for names in `upstreams` */
	bool spread;                        /* spread: by-domain; default off */
	struct config_recursion recursion;
	bool random_case; /* query-case: random; default lower */
	struct config_cache cache;
	size_t home_count;
	struct country *home; /* countries, blocs written out; none: standing is unknown throughout */
	size_t tag_home_count;
	struct config_home *tag_homes; /* in their order; a device has the first whose tag it has */
	struct config_geo geo;
	struct tag_table tags;
	size_t device_count;
	struct config_device *devices;
	char *
		state; /* `state`, the folder of copies of lists, and of what is remembered of devices; default /var/lib/portafilter */
	size_t tag_rule_count;
	struct config_tag_rule *tag_rules;
	size_t forwarder_count;
	struct prefix *forwarders; /* trusted-forwarders */
	size_t lease_file_count;
	struct config_lease_file *lease_files;
	int64_t new_for_us;      /* new-for, an hour by default */
	int64_t silent_after_us; /* silent-after; 0: off, as by default, or SILENT_AFTER_OFF */
	char *vendors;           /* folder of oui.csv; default /usr/share/ieee-data */
	size_t list_count;
	struct config_list *lists;
	size_t rule_count;
	struct config_rule *rules;
	char *added_path; /* CONFIG_ADDED_RULES in the state directory */
	size_t host_count;
	struct config_host *hosts;
	char *hosts_file; /* absolute; NULL: none */
	struct config_pos hosts_file_pos;
	size_t forward_count;
	struct config_forward *forwards;
	bool hatches_open
		[CONFIG_HATCH_COUNT]; /* `off` in escape-hatches: the name is asked like any other */
	bool rebinding_open;      /* `rebinding: off`: private answers are served */
	size_t rebinding_allow_count;
	struct config_pattern *rebinding_allow; /* PATTERN_EXACT and PATTERN_BELOW */
	size_t notify_count;
	struct config_notify *notify;
	bool journal_enabled;    /* in a file; `journal: off` and `journal.path: off` clear it */
	char *journal_path;      /* default /var/lib/portafilter/journal.db */
	char *journal_rings;     /* journal.rings; default journal.rings beside the control socket */
	char *recognise_path;    /* the table of names (recognise.h); NULL: `recognise: off` */
	bool journal_unsynced;   /* journal.durability: crash */
	int64_t journal_keep_us; /* journal.keep, 30 days by default */
	enum privacy journal_privacy;
	size_t privacy_tag_count;
	struct config_privacy_tag privacy_tags[CONFIG_PRIVACY_TAGS_MAX];
	size_t sink_count; /* beside the SQLite journal */
	struct config_sink sinks[CONFIG_SINKS_MAX];
};

/* Is the recursor needed? */
static inline bool config_recurses(const struct config *config)
{
	return config->recursion.recursive || config->recursion.dnssec == CONFIG_DNSSEC_VALIDATE;
}

/* How much is written of a device with these tags: of those that journal.tags names the least; without one, journal.privacy. */
enum privacy config_privacy(const struct config *config, tag_set tags);

/* Reads and checks a file. On PF_OK `*out` is owned by the caller (config_free) and `diag` may hold
 * warnings; on PF_EINVAL `diag` holds every error that was found and `*out` is NULL. Names of lists and
 * tags in rules are resolved; the content of lists and databases is not read here, but that the
 * files exist and can be opened is checked. */
PF_MUST_CHECK int config_load(const char *path, struct diag *diag, struct config **out);

/* Reads a file that takes the place of a part of `base`: of a file whose only keys are `rules` and `lists`, each takes the place of
 * that key, the rest is base's (and relative paths begin in base's folder); any other file is a configuration of its own. `file` of the
 * result is `path`. Fails like config_load. */
PF_MUST_CHECK int config_load_over(const char *path, const struct config *base, struct diag *diag,
                                   struct config **out);
/* A piece from elsewhere, named `file` in what is told: YAML or JSON whose only key is `rules`, which takes the place of that of `base`. No file
 * that `base` does not name is looked at. Fails like config_load. */
PF_MUST_CHECK int config_parse_rules(const char *file, const char *text, size_t length,
                                     const struct config *base, struct diag *diag,
                                     struct config **out);

/* The same from memory; `file` is the name for messages and the folder for relative paths. */
PF_MUST_CHECK int config_parse(const char *file, const char *text, size_t length, struct diag *diag,
                               struct config **out);

/* The file that a rule's `pos` is in. */
static inline const char *config_rule_file(const struct config *config,
                                           const struct config_rule *rule)
{
	return rule->added ? config->added_path : config->file;
}

/* Like config_parse, with the rules of `added`, the text of a CONFIG_ADDED_RULES, in the place of those that people have added. */
PF_MUST_CHECK int config_parse_adding(const struct config *base, const char *added,
                                      struct diag *diag, struct config **out);

/* What people call a country: "CN" is "China". NULL: there is no such code. */
const char *config_country_name(const char *code);

void config_free(struct config **config);

/* A copy with memory of its own, and its end. PF_ENOMEM: `to` holds nothing. */
PF_MUST_CHECK int config_notify_copy(struct config_notify *to, const struct config_notify *from);
void config_notify_deinit(struct config_notify *target);

#endif
