/* Errors, memory and the simple types of reader.h. */
#include "config/reader.h"
#include "base/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/suggest.h"

/* Comparing each of a thousand wrong words with 256 lists takes seconds, and nobody reads that far. */
#define SUGGESTIONS_MAX 200

static void tell(struct reader *reader, enum diag_level level, struct config_pos pos,
                 const char *format, va_list arguments)
{
	char text[DIAG_TEXT_MAX];
	if (vsnprintf(text, sizeof text, format, arguments) < 0)
		text[0] = '\0';
	diag_add(reader->diag, level, reader->file, pos.line, pos.column, "%s", text);
}

void tell_error(struct reader *reader, struct config_pos pos, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(reader, DIAG_ERROR, pos, format, arguments);
	va_end(arguments);
}

void tell_warning(struct reader *reader, struct config_pos pos, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(reader, DIAG_WARNING, pos, format, arguments);
	va_end(arguments);
}

static bool is_inside_character(const char *at)
{
	return ((unsigned char)*at & 0xc0) == 0x80;
}

const char *shown(const char *text, char out[SHOWN_MAX])
{
	static const char more[] = "…";
	size_t length = strnlen(text, SHOWN_MAX);
	if (length < SHOWN_MAX)
		return memcpy(out, text, length + 1);
	size_t head = (SHOWN_MAX - sizeof more) / 2, tail = SHOWN_MAX - sizeof more - head;
	const char *end = text + strlen(text) - tail;
	while (head && is_inside_character(text + head))
		head--;
	while (is_inside_character(end))
		end++;
	memcpy(out, text, head);
	memcpy(out + head, more, sizeof more - 1);
	strcpy(out + head + sizeof more - 1, end);
	return out;
}

void *reader_alloc(struct reader *reader, size_t count, size_t size)
{
	if (!count)
		return NULL;
	void *memory = calloc(count, size);
	if (!memory)
		reader->no_memory = true;
	return memory;
}

char *reader_copy(struct reader *reader, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		reader->no_memory = true;
	return copy;
}

const char *reader_text(struct reader *reader, const struct node *node, const char *key,
                        const char *wanted)
{
	if (node->kind == NODE_SCALAR && *node->text && !node_is_empty(node))
		return node->text;
	if (node->kind == NODE_SCALAR && !node->plain)
		tell_error(reader, node->pos, "`%s` must be %s, but the text is empty", key, wanted);
	else if (node->kind != NODE_REFUSED)
		tell_error(reader, node->pos, "`%s` must be %s, but %s was found", key, wanted,
		           node_kind_words(node));
	return NULL;
}

char *reader_name(struct reader *reader, const struct node *node, const char *key, size_t bytes_max)
{
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, key, "text");
	if (!text)
		return NULL;
	if (strlen(text) >= bytes_max) {
		tell_error(reader, node->pos, "`%s` has %zu bytes, but at most %zu are possible: `%s`", key,
		           strlen(text), bytes_max - 1, shown(text, show));
		return NULL;
	}
	if (text[0] == ' ' || text[strlen(text) - 1] == ' ') {
		tell_error(reader, node->pos, "`%s` begins or ends with a blank: \"%s\"", key,
		           shown(text, show));
		return NULL;
	}
	return reader_copy(reader, text);
}

/* "overseas, home, unknown": the nearest word first, the rest in their order. */
static void join_words(const char *const *words, size_t count, int first, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i <= count && used < size; i++) {
		int word = i ? (int)i - 1 : first;
		if (word < 0 || (i && word == first))
			continue;
		int more = snprintf(out + used, size - used, "%s%s", used ? ", " : "", words[word]);
		used += more > 0 ? (size_t)more : 0;
	}
}

int reader_suggest(const struct reader *reader, const char *word, const char *const *words,
                   size_t count)
{
	return reader->diag->count < SUGGESTIONS_MAX ? suggest_nearest(word, words, count) : -1;
}

int reader_word(struct reader *reader, const struct node *node, const char *key,
                const char *const *words, size_t count)
{
	char list[256], wanted[300], show[SHOWN_MAX];
	bool scalar = node->kind == NODE_SCALAR;
	for (size_t i = 0; scalar && i < count; i++)
		if (!strcmp(words[i], node->text))
			return (int)i;
	int nearest = scalar ? reader_suggest(reader, node->text, words, count) : -1;
	join_words(words, count, nearest, list, sizeof list);
	snprintf(wanted, sizeof wanted, "one of %s", list);
	const char *text = reader_text(reader, node, key, wanted);
	if (text && nearest >= 0)
		tell_error(reader, node->pos,
		           "unknown word `%s` for `%s`; did you mean `%s`? It is one of %s",
		           shown(text, show), key, words[nearest], list);
	else if (text)
		tell_error(reader, node->pos, "unknown word `%s` for `%s`; it is one of %s",
		           shown(text, show), key, list);
	return -1;
}

const char *reader_negated(struct reader *reader, const struct node *node, const char *key,
                           const char *text, bool *negated)
{
	*negated = text[0] == '!';
	if (!*negated || text[1])
		return text + *negated;
	tell_error(reader, node->pos, "`%s` has a `!` with nothing behind it to be negated", key);
	return NULL;
}

bool reader_number(struct reader *reader, const struct node *node, const char *key, unsigned min,
                   unsigned max, unsigned *number)
{
	char wanted[64], show[SHOWN_MAX];
	snprintf(wanted, sizeof wanted, "a whole number from %u to %u", min, max);
	*number = 0;
	const char *text = reader_text(reader, node, key, wanted);
	if (!text)
		return false;
	uint64_t value = 0;
	const char *c = text;
	while (*c >= '0' && *c <= '9' && value <= max)
		value = value * 10 + (uint64_t)(*c++ - '0');
	if (*c || value < min || value > max) {
		tell_error(reader, node->pos, "`%s` must be %s, but `%s` was found", key, wanted,
		           shown(text, show));
		return false;
	}
	*number = (unsigned)value;
	return true;
}

void reader_duration(struct reader *reader, const struct node *node, const char *key,
                     int64_t *duration_us)
{
	static const char wanted[] = "a duration like 90s, 10m, 24h, 30d or 2w";
	char show[SHOWN_MAX];
	int64_t value = 0;
	const char *text = reader_text(reader, node, key, wanted);
	if (!text)
		return;
	int error = clock_parse_duration(text, &value);
	if (error == PF_EFULL)
		tell_error(reader, node->pos, "`%s` is more than 100 years: `%s`", key, shown(text, show));
	else if (error != PF_OK)
		tell_error(reader, node->pos, "`%s` must be %s, but `%s` was found", key, wanted,
		           shown(text, show));
	else if (!value)
		tell_error(reader, node->pos, "`%s` must be over zero, but `%s` was found", key, text);
	else
		*duration_us = value;
}

char *reader_path(struct reader *reader, const struct node *node, const char *key)
{
	const char *text = reader_text(reader, node, key, "the path of a file");
	if (!text)
		return NULL;
	if (text[0] == '/')
		return reader_copy(reader, text);
	while (text[0] == '.' && text[1] == '/')
		text += 2;
	size_t size = strlen(reader->folder) + strlen(text) + 2;
	char *path = reader_alloc(reader, size, 1);
	if (path)
		snprintf(path, size, "%s%s%s", reader->folder,
		         reader->folder[strlen(reader->folder) - 1] == '/' ? "" : "/", text);
	return path;
}

bool reader_file_opens(struct reader *reader, struct config_pos pos, const char *key,
                       const char *path, struct file_identity *identity)
{
	char show[SHOWN_MAX];
	struct stat info;
	/* Looked at before it is opened: opening a device or a pipe can block, or do things. */
	if (stat(path, &info)) {
		tell_error(reader, pos, "the file `%s` of `%s` can not be read: %s", shown(path, show), key,
		           strerror(errno));
		return false;
	}
	if (!S_ISREG(info.st_mode)) {
		tell_error(reader, pos, "`%s` of `%s` is %s, but a file is wanted", shown(path, show), key,
		           S_ISDIR(info.st_mode) ? "a directory" : "no regular file");
		return false;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		tell_error(reader, pos, "the file `%s` of `%s` can not be read: %s", shown(path, show), key,
		           confined_reason(errno, path));
		return false;
	}
	close(fd);
	*identity = (struct file_identity){info.st_dev, info.st_ino};
	return true;
}
