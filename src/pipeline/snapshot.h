/* All that a worker reads to decide, as one immutable whole: configuration, devices, lists, rules, geo
 * databases. Built aside by one thread, published by one pointer swap, reclaimed through RCU. A failed
 * build leaves the old one in force and says why. */
#ifndef PF_PIPELINE_SNAPSHOT_H
#define PF_PIPELINE_SNAPSHOT_H

#include "base/clock.h"
#include "base/diag.h"
#include "base/rcu.h"
#include "config/config.h"
#include "device/registry.h"
#include "device/roster.h"
#include "geo/geo.h"
#include "lists/lists.h"
#include "local/local.h"
#include "pipeline/primary.h"
#include "policy/policy.h"
#include "tls/server.h"

struct snapshot {
	uint32_t epoch; /* from 1, one more with each reload */
	int64_t built_wall_us;
	struct config *config;
	struct registry *registry;
	struct roster
		*roster; /* RCU: the one part that is replaced while the snapshot is in force; never
	                          NULL once it is published */
	struct lists *lists;
	struct policy *policy;
	struct local *local;
	struct geo *geo;
	struct primaries *primaries;
	struct tls_server *tls; /* NULL: nothing is encrypted */
	bool designates;        /* clients are told of the encrypted listeners, under the next name */
	struct dns_name designated;
};

/* Reads the configuration and all that it names. Every error and warning goes to `diag`. PF_OK and
 * `*out` owned by the caller (snapshot_free, once published only when no reader has it any more); else an error and NULL. The roster
 * is not in it yet: whoever keeps the book of devices puts it there. */
PF_MUST_CHECK int snapshot_build(const char *config_path, uint32_t epoch, struct now now,
                                 struct diag *diag, struct snapshot **out);
/* The same of a configuration that was read already; it is taken over, also on failure. */
PF_MUST_CHECK int snapshot_build_of(struct config **config, uint32_t epoch, struct now now,
                                    struct diag *diag, struct snapshot **out);
/* And without doing again what need not be done again; `force` is the snapshot in force, or NULL. */
PF_MUST_CHECK int snapshot_build_kept(struct config **config, uint32_t epoch, struct now now,
                                      const struct lists_keep *keep, const struct snapshot *force,
                                      struct diag *diag, struct snapshot **out);
void snapshot_free(struct snapshot **snapshot);

#endif
