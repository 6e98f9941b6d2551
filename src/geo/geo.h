/* Where an address stands (location databases), and who controls it (ASN ranges); standing and
 * confidence that follow. libmaxminddb behind these functions: its types do not leave this folder.
 *
 * Special-use addresses (RFC 6890) never reach a database; ::ffff:a.b.c.d, 6to4 (2002::/16) and NAT64
 * (64:ff9b::/96) are unwrapped first. */
#ifndef PF_GEO_GEO_H
#define PF_GEO_GEO_H

#include "base/clock.h"
#include "base/diag.h"
#include "config/config.h"
#include "value/facts.h"
#include "value/tags.h"

#define GEO_RANGES_MAX 2000000  /* lines of ASN ranges; the public tables hold 515,000 */
#define GEO_ORGANISATION_MAX 64 /* bytes kept of an organisation's name, NUL included */

#define GEO_CREDIT_MAX 160
#define GEO_HOME_MAX (CONFIG_TAG_HOMES_MAX + 1)

struct geo; /* immutable; shared by all workers */

/* Opens and validates all databases of the configuration: every mmdb's whole tree is walked and a corrupt,
 * missing or foreign file is an error in `diag` that names it; so is the same location database given twice. Databases are
 * copied into memory: what happens to their files later does not matter. Warnings: databases older than 45 days at
 * `now` (in days), or of one publisher (they count as one opinion), a few bad lines in a text file. `epoch` is stored in all facts; the daemon gives each build another one.
 * PF_OK and `*out` owned by the caller, PF_EINVAL, PF_ENOMEM. */
PF_MUST_CHECK int geo_load(const struct config *config, struct now now, uint32_t epoch,
                           struct diag *diag, struct geo **out);

/* The same, but when neither the files nor what the configuration says of them has changed since `previous` (NULL: none) was
 * loaded, that is shared and keeps its epoch: a reload then costs neither its time nor its memory. All warnings are told again. */
PF_MUST_CHECK int geo_load_kept(const struct config *config, const struct geo *previous,
                                struct now now, uint32_t epoch, struct diag *diag,
                                struct geo **out);
/* Lets go of it: the last one who does frees it. */
void geo_free(struct geo **geo);
uint32_t geo_epoch(const struct geo *geo);

/* Homes are numbered: 0 is `home` itself, the others are those of tags, in their order. */
size_t geo_home_count(const struct geo *geo);
/* Which of them is that of a device with these tags? The first whose tag it has, else 0. */
size_t geo_home_of(const struct geo *geo, tag_set tags);

/* Judges the addresses of one answer (`count` up to FACTS_ADDRESS_MAX) for one home; `facts` has room for `count`
 * addresses and is filled whole. `now` decides the age of the databases.
 *
 * The country of a network (`control`) is not in the tables of networks: it is derived from the first location database, see
 * control.h; for an address that no table of networks knows, it is where a location database says that its network is
 * registered. Without a configured home every standing is unknown.
 * An address: anycast prefix -> indeterminate; no database knows it (or it is special use) -> unknown;
 * databases disagree about home/overseas -> disputed; else home or overseas.
 * The answer, over the addresses that are not special use: any overseas -> overseas; else any
 * disputed -> disputed; else any indeterminate -> indeterminate; else any home -> home, but unknown if any address is unknown;
 * no address at all -> none.
 * Confidence of the answer: high = every address was judged by databases of two or more publishers that name the same country, all addresses on
 * the same side, no anycast, no database older than geo.max-age; medium = one database, databases that agree on the side only, or older ones;
 * else low. */
void geo_judge(const struct geo *geo, size_t home, const struct addr *addresses, size_t count,
               struct now now, struct answer_facts *facts);

/* The organisation of a network, "" when it is not known. Valid as long as the geo is. */
const char *geo_organisation(const struct geo *geo, uint32_t asn);

/* One source, for `status` and for the sentence. */
struct geo_source {
	const char *path;
	const char *kind;            /* "location", "control" or "anycast" */
	char label[GEO_LABEL_MAX];   /* "dbip 2026-06": short name and the month of the build */
	int64_t built_wall_us;       /* mmdb build_epoch; the file's mtime for text files */
	size_t entries;              /* ranges or prefixes; 0 for mmdb */
	char credit[GEO_CREDIT_MAX]; /* whom its licence wants to be named; "" when that is not known */
};
size_t geo_source_count(const struct geo *geo);
void geo_source(const struct geo *geo, size_t index, struct geo_source *source);
/* The same, and the day on which it was built, "2026-06-01". */
void geo_source_of_day(const struct geo *geo, size_t index, struct geo_source *source,
                       char built[CLOCK_TEXT_MAX]);
/* The label of the location database `index` (as in address_facts.locations), and how many there are. */
const char *geo_location_label(const struct geo *geo, size_t index);
size_t geo_location_count(const struct geo *geo);

#endif
