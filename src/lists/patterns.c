/* The table of patterns.h. */
#include "lists/patterns.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lists/slots.h"
#include "match/regex.h"

#define CAPACITY_MIN 64
/* Rounds in which wrong ones are left out: the first finds all that are wrong alone. */
#define COMPILE_ROUNDS_MAX 3

struct pattern {
	char *text;
	uint32_t line;
	uint32_t detail;
	uint16_t list;
	uint8_t covers;
};

struct list_patterns {
	struct hash_key key;
	size_t count, capacity;
	struct pattern *patterns;
	struct slots slots; /* until it is sealed */
	size_t text_bytes;
	struct regex_set *set;
	struct regex_scratch *scratch; /* threads copy it */
};

struct list_patterns *list_patterns_new(void)
{
	struct list_patterns *patterns = calloc(1, sizeof *patterns);
	if (patterns)
		patterns->key = hash_key_random();
	return patterns;
}

void list_patterns_free(struct list_patterns **out)
{
	struct list_patterns *patterns = *out;
	if (!patterns)
		return;
	for (size_t i = 0; i < patterns->count; i++)
		free(patterns->patterns[i].text);
	free(patterns->patterns);
	slots_deinit(&patterns->slots);
	regex_scratch_free(&patterns->scratch);
	regex_set_free(&patterns->set);
	free(patterns);
	*out = NULL;
}

/* What is looked for in the table. */
struct wanted {
	const char *text;
	size_t length;
	const struct list_entry *entry;
};

static bool is_wanted(const void *table, size_t place, const void *data)
{
	const struct pattern *pattern = &((const struct list_patterns *)table)->patterns[place];
	const struct wanted *wanted = data;
	return pattern->list == wanted->entry->list && pattern->covers == wanted->entry->covers &&
	       pattern->detail == wanted->entry->detail && strlen(pattern->text) == wanted->length &&
	       !memcmp(pattern->text, wanted->text, wanted->length);
}

static int grow(struct list_patterns *patterns)
{
	size_t capacity = patterns->capacity ? patterns->capacity * 2 : CAPACITY_MIN;
	struct pattern *grown = realloc(patterns->patterns, capacity * sizeof *grown);
	if (!grown)
		return PF_ENOMEM;
	patterns->patterns = grown;
	patterns->capacity = capacity;
	return PF_OK;
}

int list_patterns_add(struct list_patterns *patterns, const char *regex, size_t length,
                      const struct list_entry *entry, unsigned line)
{
	const struct wanted wanted = {regex, length, entry};
	uint64_t hash = hash_bytes(patterns->key, regex, length) + entry->list;
	if (slots_find(&patterns->slots, hash, is_wanted, patterns, &wanted) >= 0)
		return PF_ECONFLICT;
	if (patterns->count == LIST_PATTERNS_MAX)
		return PF_EFULL;
	if (patterns->count == patterns->capacity && grow(patterns) != PF_OK)
		return PF_ENOMEM;
	char *text = malloc(length + 1);
	if (!text || slots_add(&patterns->slots, hash, patterns->count) != PF_OK) {
		free(text);
		return PF_ENOMEM;
	}
	if (length)
		memcpy(text, regex, length);
	text[length] = '\0';
	patterns->patterns[patterns->count++] = (struct pattern){
		.text = text,
		.line = line,
		.detail = entry->detail,
		.list = entry->list,
		.covers = entry->covers,
	};
	patterns->text_bytes += length + 1;
	return PF_OK;
}

/* ---- compiling ----------------------------------------------------------------------------- */

struct compiling {
	const struct list_patterns *patterns;
	const char **texts;
	void (*tell)(void *data, uint16_t list, unsigned line, const char *message);
	void *data;
};

static void leave_out(void *data, size_t place, const char *message)
{
	struct compiling *compiling = data;
	const struct pattern *pattern = &compiling->patterns->patterns[place];
	if (compiling->texts[place])
		compiling->tell(compiling->data, pattern->list, pattern->line, message);
	compiling->texts[place] = NULL;
}

int list_patterns_seal(struct list_patterns *patterns, const struct regex_keep *keep,
                       void (*tell)(void *data, uint16_t list, unsigned line, const char *message),
                       void *data)
{
	slots_deinit(&patterns->slots);
	if (!patterns->count)
		return PF_OK;
	struct compiling compiling = {patterns, calloc(patterns->count, sizeof(char *)), tell, data};
	const struct regex_teller teller = {leave_out, &compiling};
	if (!compiling.texts)
		return PF_ENOMEM;
	for (size_t i = 0; i < patterns->count; i++)
		compiling.texts[i] = patterns->patterns[i].text;
	int error = PF_EINVAL;
	for (int i = 0; i < COMPILE_ROUNDS_MAX && error == PF_EINVAL; i++)
		error = regex_set_new(compiling.texts, patterns->count, &teller, keep, &patterns->set);
	free(compiling.texts);
	return error == PF_OK ? regex_scratch_prepare(&patterns->scratch, patterns->set) : error;
}

/* ---- matching ------------------------------------------------------------------------------ */

struct regex_scratch *list_patterns_scratch(const struct list_patterns *patterns)
{
	return patterns->scratch ? regex_scratch_copy(patterns->scratch) : NULL;
}

struct matching {
	const struct list_patterns *patterns;
	void (*take)(void *data, const struct list_hit *hit, size_t place);
	void *data;
};

static void on_match(void *data, size_t place)
{
	const struct matching *matching = data;
	const struct pattern *pattern = &matching->patterns->patterns[place];
	const struct list_hit hit = {.detail = pattern->detail,
	                             .list = pattern->list,
	                             .covers = pattern->covers};
	matching->take(matching->data, &hit, place);
}

void list_patterns_match(const struct list_patterns *patterns, struct regex_scratch *scratch,
                         const struct dns_name *name,
                         void (*take)(void *data, const struct list_hit *hit, size_t place),
                         void *data)
{
	struct matching matching = {patterns, take, data};
	char text[NAME_TEXT_MAX];
	if (!patterns->set || !scratch)
		return;
	size_t length = dns_name_to_text(name, text);
	regex_set_scan(patterns->set, scratch, text, length, on_match, &matching);
}

const struct regex_set *list_patterns_set(const struct list_patterns *patterns)
{
	return patterns->set;
}

const char *list_patterns_text(const struct list_patterns *patterns, size_t place)
{
	return patterns->patterns[place].text;
}

size_t list_patterns_count(const struct list_patterns *patterns)
{
	return patterns->count;
}

size_t list_patterns_bytes(const struct list_patterns *patterns)
{
	return sizeof *patterns + patterns->capacity * sizeof *patterns->patterns +
	       patterns->text_bytes + regex_set_bytes(patterns->set);
}

/* ---- wildcards ----------------------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

size_t pattern_from_wildcard(const char *text, size_t length, bool below, char *regex, size_t room)
{
	const char *begin = below ? "(?:^|\\.)" : "^";
	size_t used = strlen(begin);
	if (room < used + 2)
		return 0;
	memcpy(regex, begin, used);
	for (size_t i = 0; i < length; i++) {
		if (room - used < 4) /* two bytes, the $ and the end */
			return 0;
		if (text[i] == '*')
			regex[used++] = '.';
		else if (text[i] == '.')
			regex[used++] = '\\';
		else if (!is_letter(text[i]))
			return 0;
		regex[used++] = text[i];
	}
	regex[used++] = '$';
	regex[used] = '\0';
	return used;
}
