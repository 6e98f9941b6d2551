/* An admin that stands on its own: a folder with a real journal and a control socket, and a daemon that gives
 * canned answers. Shared by the tests of admin/ and of cli/. */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "admin/admin.h"

#define WORLD_ROWS 700u /* queries in the journal, see unit/journal/sample.h */

struct world {
	char folder[64];
	char socket_path[96], journal_path[96], config_path[96];
	struct admin *admin;
	/* What the daemon is to do. */
	bool refuses_reload; /* 422 with two errors */
	bool without_rules;  /* explain: no rule matched */
	unsigned reloads;    /* that were asked for */
	unsigned calls;      /* of any operation; atomic */
};

/* Makes the folder, the journal and the configuration, and starts the admin. */
struct world *world_new(void);
void world_free(struct world **world);

/* The operations alone. */
struct admin_ops world_ops(struct world *world);
void world_start(struct world *world);

/* Replaces the configuration. */
void world_configure(struct world *world, const char *text);

/* JSON in apostrophes for quotes: {'a': 1}. A new reference. */
json_t *world_json(const char *text);

#endif
