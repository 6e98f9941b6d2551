/* Private to import/: a configuration that is being made of somebody else's. Devices, lists and rules are put in as they are found; rules
 * come out in the order of their phases, since the first that holds decides. What has no equal here is noted, with the reason,
 * and stands at the end of the text as comments.
 *
 * All text is a stranger's: it is written in quotes, and what would be no text is replaced by `?`. */
#ifndef PF_IMPORT_FRAGMENT_H
#define PF_IMPORT_FRAGMENT_H

#include "base/buffer.h"
#include "import/import.h"
#include "value/tags.h"

#define FRAGMENT_BYTES_MAX (15u << 20) /* a configuration of 16 MB is the largest that is read */
#define FRAGMENT_VALUES_MAX 1000       /* names of one rule; more go into the next */
#define FRAGMENT_SEEN_MAX (1u << 18)   /* names, MACs and networks; half of it is used at most */

enum fragment_phase {
	PHASE_ALLOW,       /* what its owner allows comes before all that denies */
	PHASE_DENY,        /* names that he denies */
	PHASE_ALLOW_LISTS, /* lists of others that allow */
	PHASE_DENY_LISTS,
	PHASE_DENY_REGEX,
	PHASE_COUNT,
};

struct fragment {
	struct import *import;
	struct buffer upstreams, hosts, forward, devices, lists, rules[PHASE_COUNT], notes;
	size_t list_count, rule_count;
	struct tag_table tags;                   /* that it has made */
	char groups[TAG_MAX][TAG_NAME_MAX + 96]; /* the words they were made of */
	char list_name[256];                     /* the last one, quoted */
	uint64_t *seen;                          /* owned; FRAGMENT_SEEN_MAX */
	size_t seen_count;
};

PF_MUST_CHECK int fragment_init(struct fragment *fragment, struct import *import);
void fragment_deinit(struct fragment *fragment);

/* Something that is not taken over, and why: "the group \"kids\": it is switched off". */
void fragment_note(struct fragment *fragment, const char *format, ...) PF_PRINTF(2, 3);

/* Text in quotes, as YAML has it. */
void fragment_quote(struct buffer *out, const char *text);

/* The tag for a stranger's word ("Smart TVs" is smart-tvs), each word one of its own; NULL: there are too many, which is noted. */
const char *fragment_tag(struct fragment *fragment, const char *word);

/* Was this said before? Of one kind: 'd' for names of devices, 'm' MACs, 'p' prefixes, 'l' lists. Remembers it. */
bool fragment_is_new(struct fragment *fragment, char kind, const void *bytes, size_t length);

/* The ids are MACs, addresses and networks; others are noted. Each MAC behind the first becomes a device of its own.
 * `tags`: words divided by commas, as they stand in the file; may be "". */
void fragment_device(struct fragment *fragment, const char *name, const char *const *ids,
                     size_t id_count, const char *tags);

/* A list; `name` is a wish. Returns what it is called, quoted, good until the next call; NULL: there are too many, or `url` is nothing that is
 * fetched, which is noted. */
const char *fragment_url_list(struct fragment *fragment, const char *name, const char *url);
/* A file that is written beside the fragment. */
const char *fragment_file_list(struct fragment *fragment, const char *name, const char *path);

struct fragment_rule {
	enum fragment_phase phase;
	const char *name;
	const char *tags;   /* "all", "tv, kids" */
	bool allow;         /* else sinkhole */
	const char *key;    /* "names", "lists" */
	const char *values; /* quoted, divided by commas */
	const char *more;   /* further keys: ", types: [A]"; or "" */
};
void fragment_rule(struct fragment *fragment, const struct fragment_rule *rule);

/* Is it a domain name as a rule or a host may have it? */
bool fragment_domain(const char *text);

/* Can it be used as /regex/ in a rule? Else it is noted. */
bool fragment_regex(struct fragment *fragment, const char *text, const char *why_prefix);

/* Puts the text together. PF_OK; PF_EFULL with a sentence. */
PF_MUST_CHECK int fragment_finish(struct fragment *fragment, const char *origin,
                                  char error[IMPORT_ERROR_MAX]);

#endif
