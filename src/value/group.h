/* A group of upstreams, as those who know which one is asked for a name speak of it to those who ask. */
#ifndef PF_VALUE_GROUP_H
#define PF_VALUE_GROUP_H

#include "base/addr.h"
#include "value/protocol.h"

#define UPSTREAM_COUNT_MAX 16 /* servers of one group */
#define UPSTREAM_GROUP_MAX \
	18 /* the default one, those of CONFIG_FORWARD_MAX forward zones, and UPSTREAM_GROUP_BOOTSTRAP */

/* Groups that no name leads to. Their highest bit is set, which it never is in one of names (local.h). */
#define UPSTREAM_GROUP_BEHIND (UINT64_C(1) << 63 | 1) /* whom the recursor asks in turn */
#define UPSTREAM_GROUP_BOOTSTRAP \
	(UINT64_C(1) << 63 | 2) /* who is asked where servers are that are known by name */

#define UPSTREAM_TEXT_MAX \
	96 /* of a server: "tls://[2001:db8::1]:853", with its subnet "192.0.2.1:53 for 198.51.100.0/24"; \
	      its name is cut when it is longer */
#define UPSTREAM_NAME_MAX 254
#define UPSTREAM_PATH_MAX 256 /* of a URL; there are such with a customer's number in it */
#define UPSTREAM_PINS_MAX 8
#define UPSTREAM_PIN_BYTES 32 /* SHA-256 of the SPKI */

struct tls_trust;

/* How one is spoken to that is asked within TLS, and who it must be. */
struct upstream_secure {
	char name
		[UPSTREAM_NAME_MAX]; /* its own, in lower case; "": its certificate is for its address */
	char host
		[UPSTREAM_NAME_MAX]; /* what is asked of the bootstrap servers; "": its address is known */
	char path[UPSTREAM_PATH_MAX]; /* PROTOCOL_HTTPS: "/dns-query" */
	bool opportunistic;           /* whoever answers is taken */
	size_t pin_count;             /* one of these is its key, whatever its certificate says */
	uint8_t pins[UPSTREAM_PINS_MAX][UPSTREAM_PIN_BYTES];
	char *ca_file; /* where its authorities stand; NULL: the system's; the configuration's alone */
	struct tls_trust *trust; /* the authorities that may vouch for it */
};

/* One server. */
struct upstream_target {
	struct addr_port address; /* family 0: it is found by its host's name */
	enum protocol protocol;   /* PROTOCOL_UDP: plain, over UDP, and TCP where it must be */
	struct prefix
		subnet; /* that it is told (RFC 7871); of length 0: to add none; family 0: it is told nothing */
	uint64_t key;                         /* a hash of all that it is */
	const struct upstream_secure *secure; /* borrowed as long as the target; NULL: plain */
};

/* A plain one. */
struct upstream_target upstream_target_plain(const struct addr_port *address);
static inline bool upstream_target_is_named(const struct upstream_target *target)
{
	return !target->address.addr.family;
}
/* Sets the key, from all that it is. Not the trust: authorities come and go, and the server is the same. */
void upstream_target_seal(struct upstream_target *target);
/* "192.0.2.1:53", "tls://192.0.2.1:853", "https://dns.example.net:443": as it is told in logs, records and figures. */
void upstream_target_format(const struct upstream_target *target, char text[UPSTREAM_TEXT_MAX]);

/* The same as evidence, since what it says may depend on it: with the subnet that it is told, "192.0.2.1:53 for 198.51.100.0/24". */
void upstream_target_tell(const struct upstream_target *target, char text[UPSTREAM_TEXT_MAX]);
/* Is there one in such a text? */
bool upstream_text_has_subnet(const char *text);
/* "off", "hide" or the network. */
void upstream_subnet_format(const struct prefix *subnet, char text[PREFIX_TEXT_MAX]);

/* In the order of preference when nothing else is known. */
struct upstream_group {
	uint64_t id;
	const struct upstream_target *upstreams; /* borrowed for the length of a call */
	size_t count;
};

#endif
