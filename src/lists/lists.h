/* The lists of a configuration, read from files into one immutable name index: a look-up walks
 * the labels of a name once and yields the set of all lists that hold it, whatever their number.
 *
 * Formats (a file's is detected from its lines unless the configuration names it): plain names,
 * hosts files, `*.x` and `.x`, and of the adblock syntax `||x^` and `@@||x^`. A listed name covers
 * its subdomains, except in hosts format, where it is that name alone; `*.x` covers what is below x.
 * A line that is not taken is counted under a reason and remembered with its number.
 *
 * Lines are read leniently, each by its own form (src/lists/line.h has the table): a hosts line in a
 * plain list is a hosts line. The file's format decides only where the form leaves it open: a bare name
 * in a hosts file is that name alone, and `##x` in an adblock file is a rule for browsers. */
#ifndef PF_LISTS_LISTS_H
#define PF_LISTS_LISTS_H

#include "base/diag.h"
#include "config/config.h"
#include "lists/source.h"
#include "value/listset.h"

#define LIST_FILE_BYTES_MAX (1u << 30) /* one list file */
#define LIST_LINE_BYTES_MAX 4096       /* a longer line is skipped as "line too long" */
#define LIST_SKIP_EXAMPLES_MAX 5       /* lines remembered for each reason */

/* Why a line was not taken. */
enum list_skip {
	SKIP_BAD_NAME,   /* not a domain name */
	SKIP_ADDRESS,    /* an IP address where a name should be */
	SKIP_LOCAL_NAME, /* the preamble of hosts files: localhost, ip6-allnodes, 0.0.0.0 … */
	SKIP_MODIFIER,   /* an adblock modifier that we do not know: the whole line is off */
	SKIP_WILDCARD,   /* `*` inside a name */
	SKIP_REGEX,      /* /regex/ */
	SKIP_COSMETIC,   /* rules for browsers: ##, #@#, paths, schemes */
	SKIP_TOO_LONG,
	SKIP_SYNTAX,    /* none of the formats */
	SKIP_DUPLICATE, /* the list has it already */
	SKIP_COUNT,
};
const char *list_skip_text(enum list_skip reason); /* "not a domain name" … */

struct list_skipped {
	size_t count;
	unsigned example_lines[LIST_SKIP_EXAMPLES_MAX]; /* the first ones */
};

/* What became of one list; for `portafilter lists`. Every line is one item, and on a line of hosts form
 * every name is one; each item is counted once:
 *
 *   lines + extra_names == comments + names + exceptions + the sum of all skipped[].count */
struct list_info {
	char *name, *file;
	enum list_format format;  /* as detected */
	size_t names, exceptions; /* entries in the index */
	size_t lines, comments;   /* comments and blank lines together */
	size_t extra_names;       /* names on lines of hosts form behind the first one of the line */
	struct list_skipped skipped[SKIP_COUNT];
	int64_t modified_wall_us; /* the file's mtime */
	enum list_format format_given;
	struct list_source source;
};

struct lists; /* immutable; shared by all workers */

/* Reads all lists of the configuration. A file that can not be read, that is something else (a web page),
 * or that has lines besides comments but yields no entry at all, is an error in `diag` (with the list's
 * position in the configuration); an empty file, or one of which more was skipped than taken, is a
 * warning. PF_OK and `*out` owned by the caller, or PF_EINVAL, or PF_ENOMEM. */
PF_MUST_CHECK int lists_load(const struct config *config, struct diag *diag, struct lists **out);
/* Lets go of them; they are freed with the last who holds them. */
void lists_free(struct lists **lists);

/* What a load need not do again. */
struct lists_keep {
	const struct lists
		*previous; /* NULL: none. When no list has changed it is shared, not loaded again */
	const char *cache_file; /* NULL: none. From here, and to here, goes what was loaded (store.h) */
	int64_t now_wall_us;
};

/* lists_load, unless that is not needed. Warnings of the lists are in `diag` all the same. A cache file that can not
 * be used is no error, nor is one that can not be written: that is a warning. */
PF_MUST_CHECK int lists_load_kept(const struct config *config, const struct lists_keep *keep,
                                  struct diag *diag, struct lists **out);

/* How the lists came into memory. */
enum lists_origin { LISTS_READ, LISTS_MAPPED };
enum lists_origin lists_origin(const struct lists *lists);

size_t lists_count(const struct lists *lists);
const struct list_info *lists_info(const struct lists *lists, size_t list);
size_t lists_bytes(const struct lists *lists); /* memory that the name index takes */

/* Fills `set` with the lists that hold `name` or a parent that covers it. An exception (`@@||x^`) takes
 * the names that it covers out of its own list only. Allocates nothing. */
void lists_match(const struct lists *lists, const struct dns_name *name, struct list_set *set);

/* The most specific entry by which `list` holds `name`: its name goes to `entry`, and what it covers is
 * returned (enum list_covers of index.h); 0 when the list does not hold it. Allocates nothing. */
unsigned lists_find_entry(const struct lists *lists, size_t list, const struct dns_name *name,
                          struct dns_name *entry);

/* "a.example", or "*.a.example" when it covers only what is below. Returns the length. */
#define LIST_ENTRY_TEXT_MAX (NAME_TEXT_MAX + 2)
size_t lists_entry_text(const struct dns_name *entry, unsigned covers,
                        char text[LIST_ENTRY_TEXT_MAX]);

#define LIST_LINE_TEXT_MAX 512 /* bytes of a line that are shown, NUL included */
struct list_line {
	unsigned number;
	char text[LIST_LINE_TEXT_MAX]; /* without the blanks around it, cut when it is longer; no NUL */
};

/* The line of the entry by which a list that is read from `file` holds `name`: the most specific one, the
 * first of several. Reads the file again, for explanations: never to be called by a worker, nor under
 * rcu_read_lock. `format` is the list's, as detected. PF_OK; PF_ENOENT when the file as it is now does not
 * hold the name; PF_EINVAL when it can not be read; PF_ENOMEM. */
PF_MUST_CHECK int lists_find_line(const char *file, enum list_format format,
                                  const struct dns_name *name, struct list_line *line);

#endif
