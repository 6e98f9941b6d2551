/* Moving in: what Pi-hole and AdGuard Home were told becomes a configuration of ours, and what Pi-hole has written down becomes a journal.
 * What has no equal here is listed with the reason, not lost. Files are read, never written; they may be anybody's. */
#ifndef PF_IMPORT_IMPORT_H
#define PF_IMPORT_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define IMPORT_ERROR_MAX 500

/* What came out. */
struct import {
	struct buffer text; /* the configuration */
	struct buffer block_list,
		allow_list; /* rules of AdGuard's user, for files beside it; may be empty */
	size_t devices, lists, rules, noted;
};

void import_init(struct import *import);
void import_deinit(struct import *import);

/* gravity.db of Pi-hole 5 and 6. PF_OK; else a sentence in `error`: PF_EIO, PF_EINVAL (damaged, or something else), PF_EFULL,
 * PF_ENOMEM. */
PF_MUST_CHECK int import_gravity(const char *path, struct import *import,
                                 char error[IMPORT_ERROR_MAX]);

/* AdGuardHome.yaml. `beside`: the path, without its end, of the files that the two lists will be written to ("…-block.txt",
 * "…-allow.txt"); NULL: nowhere, then the user's rules are noted. The same errors. */
PF_MUST_CHECK int import_adguard(const char *path, const char *beside, struct import *import,
                                 char error[IMPORT_ERROR_MAX]);

/* Reads what was made, as `portafilter check` will: it must be a configuration. Files that it names have to be there. PF_OK; else a
 * sentence. */
PF_MUST_CHECK int import_check(const struct import *import, char error[IMPORT_ERROR_MAX]);

/* What a database of Pi-hole is. */
enum import_database { IMPORT_GRAVITY, IMPORT_QUERIES };
PF_MUST_CHECK int import_look(const char *path, enum import_database *database,
                              char error[IMPORT_ERROR_MAX]);

struct import_queries {
	uint64_t taken, sinkholed;
	uint64_t bad_name, bad_client, bad_time, bad_type; /* rows that are left out */
	int64_t first_us, last_us;
};

/* pihole-FTL.db into our journal, which is made or added to. PF_OK; else a sentence, and `queries` says what is in the journal all
 * the same. */
PF_MUST_CHECK int import_queries(const char *path, const char *journal,
                                 struct import_queries *queries, char error[IMPORT_ERROR_MAX]);

#endif
