/* Private to config/: what the readers of all sections share: where errors go, and typed access to nodes. Each reader takes
 * a node, tells everything that is wrong with it, and fills what is right: nobody stops at the first error. */
#ifndef PF_CONFIG_READER_H
#define PF_CONFIG_READER_H

#include "config/node.h"

#define SHOWN_MAX 100 /* bytes of a user's text in one message, NUL included */

/* The parts of the machine that defaults come from; tests bring their own. */
struct config_system {
	const char *resolv_conf;  /* "/etc/resolv.conf" */
	const char *geoip_folder; /* "/usr/share/GeoIP" */
};

struct reader {
	const char *file; /* for messages */
	char *folder;     /* absolute; relative paths begin here */
	struct diag *diag;
	struct config *config; /* what is being filled */
	const struct config_system *system;
	const char *added; /* the text of CONFIG_ADDED_RULES; NULL: what the state directory has */
	bool
		adding; /* what is read now are added rules: they may speak of tags that no device has yet */
	bool no_memory; /* something could not be allocated: the result is not whole */
};

/* config_parse with another machine around it. */
PF_MUST_CHECK int config_parse_on(const struct config_system *system, const char *file,
                                  const char *text, size_t length, struct diag *diag,
                                  struct config **out);

void tell_error(struct reader *reader, struct config_pos pos, const char *format, ...)
	PF_PRINTF(3, 4);
void tell_warning(struct reader *reader, struct config_pos pos, const char *format, ...)
	PF_PRINTF(3, 4);

/* `text` as long as a message can hold; of a longer one the middle is left out, between characters: the end of a path says most. */
const char *shown(const char *text, char out[SHOWN_MAX]);

/* Zeroed memory for `count` items; NULL, with `no_memory` set, when there is none (or count is 0). */
void *reader_alloc(struct reader *reader, size_t count, size_t size);
char *reader_copy(struct reader *reader, const char *text);

/* The scalar's text when it is one with something in it; else NULL, and the error is told:
 * "`KEY` must be WANTED, but a list was found". */
const char *reader_text(struct reader *reader, const struct node *node, const char *key,
                        const char *wanted);

/* A copy of the text for a name that people give: not blank, at most `bytes_max` with the NUL. */
char *reader_name(struct reader *reader, const struct node *node, const char *key,
                  size_t bytes_max);

/* The index of the scalar in `words`, or -1 and an error that lists them, nearest first. */
int reader_word(struct reader *reader, const struct node *node, const char *key,
                const char *const *words, size_t count);

/* suggest_nearest, or -1 once so much is wrong that nobody reads on. */
int reader_suggest(const struct reader *reader, const char *word, const char *const *words,
                   size_t count);

/* What stands behind a leading `!`, and whether there was one; the text itself when there was none. NULL, and
 * an error, when nothing stands behind it. */
const char *reader_negated(struct reader *reader, const struct node *node, const char *key,
                           const char *text, bool *negated);

/* A whole number; 0 and false after an error. */
bool reader_number(struct reader *reader, const struct node *node, const char *key, unsigned min,
                   unsigned max, unsigned *number);

/* A duration of base/clock.h over zero. Leaves `duration_us` alone after an error. */
void reader_duration(struct reader *reader, const struct node *node, const char *key,
                     int64_t *duration_us);

/* A path made absolute; NULL after an error. */
char *reader_path(struct reader *reader, const struct node *node, const char *key);

/* Can this file be opened for reading? Else says why at `pos`. With `identity` it tells two names of one file. */
struct file_identity {
	unsigned long long device, inode;
};
bool reader_file_opens(struct reader *reader, struct config_pos pos, const char *key,
                       const char *path, struct file_identity *identity);

/* Lists. One scalar counts as a list of one. `wanted` is for the error when it is neither. */
struct list_shape {
	const char *key;
	const char *wanted; /* "an address or a list of addresses" */
	size_t max;
	bool may_be_empty;
};
/* How many items there are: 0 after an error (which was told) or for an allowed empty list. */
size_t reader_list(struct reader *reader, const struct node *node, const struct list_shape *shape);
/* The items of a node that reader_list took: reader_first(node), then item->next (of a list only). */
const struct node *reader_first(const struct node *node);
const struct node *reader_next(const struct node *node, const struct node *item);

/* How many items a list of mappings has; 0 after an error. An empty list is one of none. */
size_t reader_items(struct reader *reader, const struct node *node, const char *key, size_t max);

/* Mappings. The fields' readers are called in the order of the table, whatever the order of the file; a NULL
 * reader is for keys that another field's reader looks at (see reader_field). */
struct field {
	const char *key;
	void (*read)(struct reader *reader, const struct node *value, void *target);
	bool required;
};
#define FIELD_MAX 64

/* `what` is "a rule", for messages. Tells unknown and double keys, missing required ones, and empty values
 * with how to write nothing. Returns the bits of the fields that are there; 0 when it is no mapping. */
uint64_t reader_mapping(struct reader *reader, const struct node *node, const char *what,
                        const struct field *fields, size_t count, void *target);

#endif
