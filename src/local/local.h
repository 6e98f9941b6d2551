/* What is answered in the house, and who is asked for the rest: the owner's records (`hosts`, the hosts file),
 * escape hatches, zones that must not leave a network, and forward zones with their groups of upstreams.
 *
 * For one name, in this order:
 *   1. a record of the owner,
 *   2. the most specific forward zone: its group is asked,
 *   3. an escape hatch, unless a rule allows the name (no rule opens resolver.arpa when we have something to name there),
 *   4. a zone that is served here (RFC 6303 and those that follow it),
 *   5. the default group: `upstreams`.
 *
 * It costs one hash of the name; zones are looked for only when one has the same last label. */
#ifndef PF_LOCAL_LOCAL_H
#define PF_LOCAL_LOCAL_H

#include "base/diag.h"
#include "config/config.h"
#include "dns/answer.h"
#include "value/group.h"
#include "value/verdict.h"

#define LOCAL_SENTENCE_MAX 700 /* bytes; names in full, and why */

/* A cache space and a group of upstreams have one number. Other numbers are hashes of a group's zones and
 * servers, so that a reload that changes either begins with nothing believed. The highest bit is never set: it
 * is for the spaces of others. */
#define LOCAL_GROUP_DEFAULT 0

struct local; /* immutable; of the snapshot */

/* Reads the hosts file too. Errors (a name with two `hosts`) and warnings (lines of the hosts file that say nothing)
 * go to `diag`. PF_OK and `*out` owned by the caller; PF_EINVAL; PF_ENOMEM. Of `config` it keeps the `secure` of upstreams. */
PF_MUST_CHECK int local_build(const struct config *config, struct diag *diag, struct local **out);
void local_free(struct local **local);

enum local_kind {
	LOCAL_ELSEWHERE, /* `group` is to be asked */
	LOCAL_ANSWER,    /* `answer` */
	LOCAL_ALIAS,     /* `answer` is a CNAME to `target`, where the search goes on */
	LOCAL_NODATA,    /* the owner's name has no record of this type */
	LOCAL_DISCOVERY, /* our encrypted endpoints (RFC 9462), where there are some; else a hatch */
	LOCAL_HATCH,     /* `reply` as of a sinkhole rule */
	LOCAL_ZONE,      /* `rcode` out of `zone` */
	LOCAL_LOOPBACK,  /* below localhost: 127.0.0.1 and ::1 (RFC 6761, 6.3) */
};

/* All pointers are the snapshot's, but for the zone of LOCAL_NODATA, which is the name that was looked for. */
struct local_hit {
	enum local_kind kind;
	uint64_t group;                 /* LOCAL_ELSEWHERE */
	const struct answer *answer;    /* LOCAL_ANSWER, LOCAL_ALIAS */
	const struct dns_name *target;  /* LOCAL_ALIAS */
	const struct dns_name *zone;    /* LOCAL_ZONE, LOCAL_NODATA: whose SOA it is */
	unsigned rcode;                 /* LOCAL_ZONE */
	const struct rule_reply *reply; /* LOCAL_HATCH, LOCAL_DISCOVERY */
	const char *why;                /* LOCAL_HATCH, LOCAL_DISCOVERY, LOCAL_ZONE */
	const char *file;               /* records: where the owner wrote it */
	unsigned line;
};

/* `allowed`: a rule allows this name, so that no hatch holds it. */
void local_find(const struct local *local, const struct dns_name *name, uint16_t type, bool allowed,
                struct local_hit *hit);

/* Why it is answered here, in one sentence without its full stop; returns its length. Not for LOCAL_ELSEWHERE. */
size_t local_sentence(char out[LOCAL_SENTENCE_MAX], const struct local_hit *hit,
                      const struct dns_name *name);

/* The groups in the order of the configuration; the default one is not among them. */
size_t local_group_count(const struct local *local);
struct local_group {
	uint64_t id;
	size_t zone_count, upstream_count;
	const struct dns_name *zones;
	const struct upstream_target *upstreams;
};
void local_group(const struct local *local, size_t index, struct local_group *group);
/* All of them for a forwarder, the default one of this configuration first, that of its bootstrap servers last; returns how many. */
size_t local_upstream_groups(const struct local *local, const struct config *config,
                             struct upstream_group groups[UPSTREAM_GROUP_MAX]);
/* Is what the group says of this name believed? It is the one that is asked for it. */
bool local_believes(const struct local *local, uint64_t group, const struct dns_name *name,
                    uint16_t type);
/* Is there such a group? After a reload a question may come back to one that is no more. */
bool local_has_group(const struct local *local, uint64_t id);

/* ---- rebinding: a name of the internet that leads into the house ---- */

/* May private addresses of the default group be served for this name? (`rebinding` is off, or allows it.) */
bool local_rebinding_allows(const struct local *local, const struct dns_name *name);

/* Is it an address that only means something inside a network or machine: private (RFC 1918), unique local (RFC
 * 4193), loopback, link-local, site-local, unspecified and "this network", shared (RFC 6598), local NAT64 (RFC
 * 8215); and IPv4-mapped, -compatible, 6to4 and NAT64 addresses with such a one in them? */
bool rebinding_is_private(const struct addr *addr);

#endif
