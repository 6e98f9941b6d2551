/* A house for tests of the book: a configuration, the book, and helpers that speak in text. Everything that fails ends the
 * test. */
#ifndef PF_TESTS_DEVICE_HOUSE_H
#define PF_TESTS_DEVICE_HOUSE_H

#include "device/book.h"

#define HOUSE_START_US 1795465583000000LL /* 2026-11-23 20:26:23 UTC */
#define HOUSE_SECOND_US 1000000LL
#define HOUSE_HOUR_US (3600 * HOUSE_SECOND_US)

struct house {
	struct config *config;
	struct registry *registry;
	struct vendors *vendors; /* NULL, or what a test has put here before house_configure */
	struct book *book;
	struct roster *roster; /* the one in force */
	struct now now;
};

/* A book with `unknown_max` (0: the usual), and this YAML ("upstreams" need not be in it). */
struct house *house_new(const char *yaml, size_t unknown_max);
void house_free(struct house **house);
void house_configure(struct house *house, const char *yaml);

/* `mac` NULL: the kernel has forgotten it. */
void house_neighbour(struct house *house, const char *addr, const char *mac);
/* Somebody asks from there: the device's id as the workers see it now; an unknown one is told to the book, of which the
 * next roster knows. */
const char *house_ask(struct house *house, const char *addr);
const struct device *house_asker(struct house *house, const struct asker *asker);
/* The roster of now. */
void house_publish(struct house *house);
/* Lines in the format of dnsmasq. */
void house_leases(struct house *house, size_t file, const char *text);

/* The row of a device; it must be there. */
size_t house_row(struct house *house, const char *id);
/* The tags of the device that stands at the address, divided by blanks, in the table's order. */
const char *house_tags(struct house *house, const char *addr);
/* The next change as "merged A into B: why"; "" when there is none. */
const char *house_change(struct house *house);

struct addr house_addr(const char *text);
struct mac house_mac(const char *text);

#endif
