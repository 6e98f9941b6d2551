/* Lists from texts: each text becomes a file in a folder that is removed again, all files a configuration. */
#ifndef PF_TEST_LISTS_FIXTURE_H
#define PF_TEST_LISTS_FIXTURE_H

#include "lists/lists.h"

#define FIXTURE_LIST_MAX LIST_MAX

struct fixture {
	char folder[64];
	char config_file[24];
	struct config config;
	struct config_list lists[FIXTURE_LIST_MAX];
	char names[FIXTURE_LIST_MAX][16]; /* "list 0" … */
	char files[FIXTURE_LIST_MAX][512];
	struct diag diag;
	struct lists *loaded;
};

void fixture_init(struct fixture *fixture);
void fixture_deinit(struct fixture *fixture);

/* Adds a list with this content; returns its number. */
size_t fixture_add(struct fixture *fixture, const char *bytes, size_t length);
size_t fixture_add_text(struct fixture *fixture, const char *text);
/* Adds a list with this path. */
size_t fixture_add_file(struct fixture *fixture, const char *path);

/* A file gets this content. */
void fixture_write_text(const char *path, const char *text);

int fixture_load(struct fixture *fixture);

/* Is the name on the list? */
bool fixture_has(const struct fixture *fixture, size_t list, const char *name);
/* The same, with the entry, and its identity unless that is NULL. */
bool fixture_find(const struct fixture *fixture, size_t list, const char *name,
                  struct list_found *found, struct list_identity *identity);
/* The finding number `i` as text. */
const char *fixture_finding(const struct fixture *fixture, size_t i);

#endif
