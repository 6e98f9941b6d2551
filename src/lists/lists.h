/* The lists of a configuration, read from files into one immutable name index: a look-up walks
 * the labels of a name once and yields the set of all lists that hold it, whatever their number.
 *
 * Formats (a file's is detected from its lines unless the configuration names it): plain names, hosts files,
 * adblock's DNS syntax, dnsmasq, unbound, response policy zones, regexes, networks. Entries can depend on the
 * type, the client and its tags, and can say what is to be replied. A listed name covers its subdomains, except
 * where the format says otherwise: in hosts files and zones it is that name alone. A line that is not taken is
 * counted under a reason and remembered with its number.
 *
 * Lines are read leniently, each by its own form (src/lists/line.h has the table): a hosts line in a
 * plain list is a hosts line. The file's format decides only where the form leaves it open: a bare name in a
 * hosts file is that name alone, `##x` in an adblock file is a rule for browsers, and every line of a zone, of a
 * file of regexes or of networks is one. */
#ifndef PF_LISTS_LISTS_H
#define PF_LISTS_LISTS_H

#include "base/diag.h"
#include "config/config.h"
#include "dns/reply.h"
#include "lists/source.h"
#include "lists/tails.h"
#include "value/device.h"
#include "value/listset.h"
#include "value/verdict.h"

#define LIST_FILE_BYTES_MAX (1u << 30) /* one list file */
#define LIST_LINE_BYTES_MAX 4096       /* a longer line is skipped as "line too long" */
#define LIST_SKIP_EXAMPLES_MAX 5       /* lines remembered for each reason */

/* Why a line was not taken. */
enum list_skip {
	SKIP_BAD_NAME,   /* not a domain name */
	SKIP_ADDRESS,    /* an IP address where a name should be */
	SKIP_LOCAL_NAME, /* the preamble of hosts files: localhost, ip6-allnodes, 0.0.0.0 … */
	SKIP_MODIFIER,   /* an adblock modifier that we do not know: the whole line is off */
	SKIP_WILDCARD,   /* `*` where it can not be used */
	SKIP_REGEX,      /* a regex that can not be used, or the build has none */
	SKIP_COSMETIC,   /* rules for browsers: ##, #@#, paths, schemes */
	SKIP_TOO_LONG,
	SKIP_SYNTAX,  /* none of the formats */
	SKIP_SETTING, /* a setting of dnsmasq or unbound, or a directive of a zone, that lists nothing */
	SKIP_RECORD,  /* a record that is no rule of a response policy zone */
	SKIP_OUT_OF_ZONE,
	SKIP_NO_NETWORK, /* in a cidr file: neither address nor network */
	SKIP_UNWANTED,   /* of another kind, or with less evidence, than the configuration asks for */
	SKIP_DUPLICATE,  /* the list has it already */
	SKIP_COUNT,
};
const char *list_skip_text(enum list_skip reason); /* "not a domain name" … */

struct list_skipped {
	size_t count;
	unsigned example_lines[LIST_SKIP_EXAMPLES_MAX]; /* the first ones */
};

/* What became of one list; for `portafilter lists`. Every line is one item, and on a line of hosts or dnsmasq
 * form every name is one; each item is counted once:
 *
 *   lines + extra_names ==
 *       comments + joined + names + patterns + networks + exceptions + the sum of all skipped[].count */
struct list_info {
	char *name, *file;
	enum list_format format;          /* as detected */
	size_t names, patterns, networks; /* entries: wildcards and regexes are patterns */
	size_t exceptions;                /* entries of any of these kinds */
	size_t lines, comments; /* comments and blank lines together; what a zone says of itself */
	size_t joined;          /* lines that add to the entry or record that one before began */
	size_t extra_names;     /* names on lines of several behind the first one of the line */
	struct list_skipped skipped[SKIP_COUNT];
	int64_t modified_wall_us; /* the file's mtime */
	enum list_format format_given;
	struct marks_wanted marks;
	struct list_source source;
};

struct regex_scratch;
struct lists; /* immutable; shared by all workers */

/* Reads all lists of the configuration. A file that can not be read, that is something else (a web page),
 * or that has lines besides comments but yields no entry at all, is an error in `diag` (with the list's
 * position in the configuration); an empty file, or one of which more was skipped than taken, is a
 * warning. PF_OK and `*out` owned by the caller, or PF_EINVAL, or PF_ENOMEM. */
PF_MUST_CHECK int lists_load(const struct config *config, struct diag *diag, struct lists **out);
/* Lets go of them; they are freed with the last who holds them. */
void lists_free(struct lists **lists);

/* The same lists for one more who holds them. */
struct lists *lists_share(const struct lists *lists);

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

/* Who asks for what. */
struct list_asked {
	const struct dns_name *name;
	uint16_t type;
	const struct addr *client;   /* NULL: not known */
	const struct device *device; /* NULL: not known */
};

/* What the upstream's answer shows. */
struct list_answer {
	const struct addr *addresses;
	size_t address_count;
	const struct dns_name *servers; /* name servers of the authority section */
	size_t server_count;
	const struct addr *server_addresses;
	size_t server_address_count;
};

/* What expressions need: one for each thread that matches, made for these lists. NULL when there are none,
 * and without memory: then expressions do not match. */
struct regex_scratch *lists_scratch_new(const struct lists *lists);
void lists_scratch_free(struct regex_scratch **scratch);

/* Fills `set` with the lists that hold the name, a parent that covers it, or the client: an entry does whose
 * conditions are met, and no exception of the same list. Returns whether the name alone decided that: then it is the same
 * whoever asks, for whatever type. Allocates nothing. */
bool lists_match(const struct lists *lists, struct regex_scratch *scratch,
                 const struct list_asked *asked, struct list_set *set);

/* The name is going to be asked for: what that will read is fetched from memory, while others are expected too. Fills `tails`, for
 * lists_match_expected of this name and these lists. That fills `sole` too: with the entry that lists_find would find in the one list of
 * `set`, where no other had to be weighed against it. */
void lists_expect(const struct lists *lists, const struct dns_name *name, struct list_tails *tails);
bool lists_match_expected(const struct lists *lists, struct regex_scratch *scratch,
                          const struct list_asked *asked, const struct list_tails *tails,
                          struct list_set *set, struct list_sole *sole);

/* Does any list have entries that look at answers? If not, lists_match_answer finds none. */
bool lists_look_at_answers(const struct lists *lists);
/* Do they look at name servers? */
bool lists_look_at_servers(const struct lists *lists);

/* Fills `set` with the lists that hold an address of the answer, a name server or its address, unless the
 * question had settled it: what the list says about the name counts before what it says about addresses. */
void lists_match_answer(const struct lists *lists, struct regex_scratch *scratch,
                        const struct list_asked *asked, const struct list_answer *answer,
                        struct list_set *set);

/* The entry by which a list holds a question or its answer. */
#define LIST_ENTRY_TEXT_MAX (NAME_TEXT_MAX + 32)
/* A reply that is put together of what several entries say. */
struct list_reply {
	struct rule_reply reply;
	uint8_t records[REPLY_RECORDS_MAX];
};

struct list_found {
	/* What it wants to be replied, owned by the lists, or `merged`; NULL when it does not say. */
	const struct rule_reply *reply;
	struct list_reply merged; /* when several lines say it: valid as long as this is */
	bool
		by_answer; /* it is about the answer, and `address` the place of the address there, or -1 */
	int address;
	/* "a.example", "*.a.example" when it covers only what is below, "/regex/", "192.0.2.0/24", "name server
	 * ns.a.example" … */
	char text[LIST_ENTRY_TEXT_MAX];
};

/* Fills `found` with the most particular entry. `answer` may be NULL. False when the list holds neither.
 * Allocates nothing. */
bool lists_find(const struct lists *lists, struct regex_scratch *scratch, size_t list,
                const struct list_asked *asked, const struct list_answer *answer,
                struct list_found *found);

/* The same entry as lists_find_line wants it; apart, because every sinkholed query asks for the entry and only explanations for its
 * line. */
struct list_identity {
	uint64_t entry;
	uint8_t covers; /* what of the entry's lines must cover: the name itself, or what is below */
};
bool lists_identify(const struct lists *lists, struct regex_scratch *scratch, size_t list,
                    const struct list_asked *asked, const struct list_answer *answer,
                    struct list_identity *identity);

/* Has the list entries that want to be replied something? */
bool lists_have_replies(const struct lists *lists, size_t list);

#define LIST_LINE_TEXT_MAX 512 /* bytes of a line that are shown, NUL included */
struct list_line {
	unsigned number;
	char text[LIST_LINE_TEXT_MAX]; /* without the blanks around it, cut when it is longer; no NUL */
};

/* The line of an entry of a list that is read from `file`, by the entry's identity; the first of several. Reads the file
 * again, for explanations: never to be called by a worker, nor under rcu_read_lock. `format` is the list's, as
 * detected. PF_OK; PF_ENOENT when the file as it is now does not have it; PF_EINVAL when it can not be read;
 * PF_ENOMEM. */
PF_MUST_CHECK int lists_find_line(const char *file, enum list_format format,
                                  const struct list_identity *identity, struct list_line *line);

#endif
