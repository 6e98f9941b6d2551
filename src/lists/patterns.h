/* The expressions of all lists together: regexes, and names with wildcards inside of them, in one database that
 * looks at a name once. Filled by one thread, sealed, and from then on only read; the scratch is a thread's own. */
#ifndef PF_LISTS_PATTERNS_H
#define PF_LISTS_PATTERNS_H

#include "lists/index.h"
#include "lists/lists.h"

/* Compiling takes 0.7 ms for each of 1,000 and 1.2 ms for each of 10,000 that begin or end somewhere, 3 ms for each that has
 * `.*` inside, at start and at a reload that reads lists: a minute or two at worst, in which the old snapshot stays in force. */
#define LIST_PATTERNS_MAX 20000

struct list_patterns;

struct list_patterns *list_patterns_new(void);
void list_patterns_free(struct list_patterns **patterns);

/* Keeps a copy of the text. entry->covers is LIST_EXCEPTION or 0. `line` is for who is told that it is wrong.
 * PF_OK; PF_ECONFLICT when the list has it already; PF_EFULL; PF_ENOMEM. */
PF_MUST_CHECK int list_patterns_add(struct list_patterns *patterns, const char *regex,
                                    size_t length, const struct list_entry *entry, unsigned line);

/* Compiles. What turns out to be wrong only now is left out and told. PF_OK, PF_EINVAL (nothing can be
 * compiled: told as a whole), PF_ENOMEM. */
PF_MUST_CHECK int list_patterns_seal(struct list_patterns *patterns,
                                     void (*tell)(void *data, uint16_t list, unsigned line,
                                                  const char *message),
                                     void *data);

/* One for each thread that matches; NULL without memory, and when there are no patterns. */
struct regex_scratch *list_patterns_scratch(const struct list_patterns *patterns);

/* Hands on the entries that match, in no order; hit->labels is 0. `place` is for list_patterns_text. */
void list_patterns_match(const struct list_patterns *patterns, struct regex_scratch *scratch,
                         const struct dns_name *name,
                         void (*take)(void *data, const struct list_hit *hit, size_t place),
                         void *data);

const char *list_patterns_text(const struct list_patterns *patterns, size_t place);
size_t list_patterns_count(const struct list_patterns *patterns);
size_t list_patterns_bytes(const struct list_patterns *patterns);

/* A name with `*` in it, which stands for any letters and dots, as a regex; `below`: names below it match too.
 * Returns its length, or 0 when it does not fit or has signs that no name has. */
size_t pattern_from_wildcard(const char *text, size_t length, bool below, char *regex, size_t room);

#endif
