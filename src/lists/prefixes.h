/* The networks of all lists together: a sorted array in which each knows the next larger one around it, so
 * that a look-up is one binary search and a walk outwards. Networks are nested or apart, never half over each
 * other. Filled by one thread, sealed, and from then on only read. */
#ifndef PF_LISTS_PREFIXES_H
#define PF_LISTS_PREFIXES_H

#include "base/addr.h"
#include "lists/index.h"

/* 4 million networks take 170 MB: more than the whole internet announces (1.2 million). */
#define LIST_PREFIXES_MAX (4u << 20)

struct list_prefixes;

struct list_prefixes *list_prefixes_new(void);
void list_prefixes_free(struct list_prefixes **prefixes);

/* entry->covers is LIST_EXCEPTION or 0. PF_OK; PF_ECONFLICT when the list has it already; PF_EFULL;
 * PF_ENOMEM. */
PF_MUST_CHECK int list_prefixes_add(struct list_prefixes *prefixes, const struct prefix *prefix,
                                    const struct list_entry *entry);

/* Sorts; look-ups find nothing before. */
void list_prefixes_seal(struct list_prefixes *prefixes);

/* Hands on the entries whose network holds the address, the smallest network first, with its length as
 * hit->labels (counted in IPv6 bits: an IPv4 network /24 is 120). ::ffff:a.b.c.d is a.b.c.d. */
void list_prefixes_match(const struct list_prefixes *prefixes, const struct addr *addr,
                         void (*take)(void *data, const struct list_hit *hit,
                                      const struct prefix *prefix),
                         void *data);

size_t list_prefixes_count(const struct list_prefixes *prefixes);
size_t list_prefixes_bytes(const struct list_prefixes *prefixes);

#endif
