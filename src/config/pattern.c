/* The patterns of pattern.h. */
#include "config/pattern.h"
#include "config/values.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

static const char wanted[] = "a name, \"*.suffix\" or \"/regex/\"";

static bool is_ascii(const char *text)
{
	while (*text)
		if ((unsigned char)*text++ >= 0x80)
			return false;
	return true;
}

static bool name_from_unicode(struct reader *reader, const struct node *node, const char *text,
                              struct dns_name *name)
{
	char show[SHOWN_MAX];
	char *ascii = NULL;
	int result = idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (result == IDN2_MALLOC) {
		reader->no_memory = true;
		return false;
	}
	if (result != IDN2_OK) {
		tell_error(reader, node->pos, "`%s` has no form that DNS could carry: %s",
		           shown(text, show), idn2_strerror(result));
		return false;
	}
	int error = dns_name_from_text(ascii, name);
	idn2_free(ascii);
	if (error != PF_OK)
		tell_error(
			reader, node->pos,
			"`%s` is no domain name: labels have 1 to 63 bytes in their xn-- form, a name at most 255",
			shown(text, show));
	return error == PF_OK;
}

/* What is surely no name although DNS could carry it. */
static const char *oddity(const char *text)
{
	if (text[0] == '!')
		return "this can not be negated with `!`: name what must match";
	if (strstr(text, "://"))
		return "it is a URL; write only the name";
	if (strchr(text, '/') || strchr(text, ':') || strchr(text, '@'))
		return "it holds a / : or @; a regular expression begins and ends with /";
	if (strchr(text, ' '))
		return "it holds a blank; several names are a list, [a.example, b.example]";
	if (strchr(text, '*'))
		return "`*` stands only in front, as in \"*.example.com\"";
	if (strchr(text, '|') || strchr(text, '^'))
		return "filters of ad blockers belong into a list, not into a rule";
	if (text[0] == '.')
		return "for everything below a name write \"*.example.com\"";
	return NULL;
}

static bool read_name(struct reader *reader, const struct node *node, const char *text,
                      struct dns_name *name)
{
	char show[SHOWN_MAX];
	const char *odd = oddity(text);
	if (odd) {
		tell_error(reader, node->pos, "`%s` is no domain name: %s", shown(node->text, show), odd);
		return false;
	}
	if (!is_ascii(text))
		return name_from_unicode(reader, node, text, name);
	if (dns_name_from_text(text, name) == PF_OK)
		return true;
	tell_error(reader, node->pos,
	           "`%s` is no domain name: labels have 1 to 63 bytes, a name at most 255",
	           shown(node->text, show));
	return false;
}

bool value_name(struct reader *reader, const struct node *node, const char *key,
                struct dns_name *name)
{
	const char *text = reader_text(reader, node, key, "a domain name");
	return text && read_name(reader, node, text, name);
}

static char *read_regex(struct reader *reader, const struct node *node, const char *text)
{
	char show[SHOWN_MAX];
	size_t length = strlen(text);
	if (length < 2 || text[length - 1] != '/') {
		tell_error(
			reader, node->pos,
			"`%s` begins with / but does not end with it; a regular expression is \"/regex/\"",
			shown(text, show));
		return NULL;
	}
	if (length == 2) {
		tell_error(reader, node->pos,
		           "the regular expression `//` is empty and would match every name");
		return NULL;
	}
	char *regex = reader_copy(reader, text + 1);
	if (regex)
		regex[length - 2] = '\0';
	return regex;
}

void pattern_read_text(struct reader *reader, const struct node *node, const char *text,
                       struct config_pattern *pattern)
{
	pattern->pos = node->pos;
	pattern->text = reader_copy(reader, text);
	if (text[0] == '/') {
		pattern->kind = PATTERN_REGEX;
		pattern->regex = read_regex(reader, node, text);
	} else if (text[0] == '*' && text[1] == '.' && text[2]) {
		pattern->kind = PATTERN_BELOW;
		(void)read_name(reader, node, text + 2, &pattern->name);
	} else {
		pattern->kind = PATTERN_EXACT;
		(void)read_name(reader, node, text, &pattern->name);
	}
}

void pattern_read(struct reader *reader, const struct node *node, const char *key,
                  struct config_pattern *pattern)
{
	pattern->pos = node->pos;
	const char *text = reader_text(reader, node, key, wanted);
	if (text)
		pattern_read_text(reader, node, text, pattern);
}

static bool pattern_covers(const struct config_pattern *wide, const struct config_pattern *narrow)
{
	if (wide->kind == PATTERN_REGEX || narrow->kind == PATTERN_REGEX)
		return wide->kind == narrow->kind && !strcmp(wide->text, narrow->text);
	if (wide->kind == PATTERN_EXACT)
		return narrow->kind == PATTERN_EXACT && dns_name_equal(&wide->name, &narrow->name);
	/* Below a name: what is below, and all that is below what is the same or below. */
	return dns_name_is_under(&narrow->name, &wide->name) &&
	       (narrow->kind == PATTERN_BELOW || narrow->name.labels > wide->name.labels);
}

bool patterns_cover(const struct config_pattern *wide, size_t wide_count,
                    const struct config_pattern *narrow, size_t narrow_count)
{
	for (size_t i = 0; i < narrow_count; i++) {
		size_t k = 0;
		while (k < wide_count && !pattern_covers(&wide[k], &narrow[i]))
			k++;
		if (k == wide_count)
			return false;
	}
	return true;
}

void pattern_deinit(struct config_pattern *pattern)
{
	free(pattern->text);
	free(pattern->regex);
}
