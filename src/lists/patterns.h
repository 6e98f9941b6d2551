/* The expressions of all lists together: regexes, and names with wildcards inside of them, in one set that
 * looks at a name once. Filled by one thread, sealed, and from then on only read; the scratch is a thread's own. */
#ifndef PF_LISTS_PATTERNS_H
#define PF_LISTS_PATTERNS_H

#include "lists/index.h"
#include "lists/lists.h"
#include "match/regex.h"

/* Most are ready in ten microseconds each. Those that need vectorscan take a millisecond or three, once: they are kept (expressions.h).
 * A minute or two at worst, in which the old snapshot stays in force. */
#define LIST_PATTERNS_MAX 20000

struct list_patterns;

struct list_patterns *list_patterns_new(void);
void list_patterns_free(struct list_patterns **patterns);

/* Keeps a copy of the text. entry->covers is LIST_EXCEPTION or 0. `line` is for who is told that it is wrong.
 * PF_OK; PF_ECONFLICT when the list has it already; PF_EFULL; PF_ENOMEM. */
PF_MUST_CHECK int list_patterns_add(struct list_patterns *patterns, const char *regex,
                                    size_t length, const struct list_entry *entry, unsigned line);

/* Compiles what is not in `keep`. What turns out to be wrong only now is left out and told. PF_OK, PF_EINVAL (nothing can be
 * compiled: told as a whole), PF_ENOMEM. */
PF_MUST_CHECK int list_patterns_seal(struct list_patterns *patterns, const struct regex_keep *keep,
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

/* What was compiled; NULL when there is nothing. Borrowed. */
const struct regex_set *list_patterns_set(const struct list_patterns *patterns);

const char *list_patterns_text(const struct list_patterns *patterns, size_t place);
size_t list_patterns_count(const struct list_patterns *patterns);
size_t list_patterns_bytes(const struct list_patterns *patterns);

/* A name with `*` in it, which stands for any letters and dots, as a regex; `below`: names below it match too.
 * Returns its length, or 0 when it does not fit or has signs that no name has. */
size_t pattern_from_wildcard(const char *text, size_t length, bool below, char *regex, size_t room);

#endif
