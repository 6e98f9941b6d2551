/* The marks of marks.h. */
#define _GNU_SOURCE /* memmem */
#include "lists/marks.h"

#include <string.h>

/* The value behind `key` in the comment, up to the next blank; NULL: it is not there. */
static const char *value_of(const char *comment, const char *end, const char *key, size_t *length)
{
	size_t key_length = strlen(key);
	const char *at = comment;
	while ((at = memmem(at, (size_t)(end - at), key, key_length))) {
		bool begins = at == comment || at[-1] == ' ' || at[-1] == '\t' || at[-1] == '#';
		at += key_length;
		if (!begins)
			continue;
		const char *stop = at;
		while (stop < end && *stop != ' ' && *stop != '\t' && *stop != '\r')
			stop++;
		*length = (size_t)(stop - at);
		return at;
	}
	return NULL;
}

bool marks_fit(const struct marks_wanted *wanted, const char *text, size_t length)
{
	const char *comment = memchr(text, '#', length), *end = text + length;
	size_t value_length = 0;
	if (!comment)
		return !marks_ask(wanted);
	if (wanted->kinds) {
		const char *kind = value_of(comment, end, "kind=", &value_length);
		bool fits = false;
		for (int i = 0; kind && i < MARK_KIND_COUNT; i++)
			fits = fits || (wanted->kinds >> i & 1 && strlen(mark_kind_words[i]) == value_length &&
			                !memcmp(mark_kind_words[i], kind, value_length));
		if (!fits)
			return false;
	}
	if (wanted->evidence) {
		const char *grade = value_of(comment, end, "evidence=", &value_length);
		if (!grade || value_length != 1 || *grade < 'A' || *grade > wanted->evidence)
			return false;
	}
	return true;
}
