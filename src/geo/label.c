/* See label.h. */
#include "geo/label.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "geo/text.h"

#define MONTH_BYTES 8 /* "2026-06" and NUL */

/* Takes one ending off; `from` is what may come before it. */
static bool cut_ending(char *name)
{
	static const char *const endings[] = {".mmdb",     ".csv", ".txt",  ".gz",   "-country",
	                                      "-city",     "-asn", "-lite", "-ipv4", "-ipv6",
	                                      "-prefixes", "-num", "-test"};
	size_t length = strlen(name);
	for (size_t i = 0; i < PF_COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);
		char *at = name + length - ending;
		if (length <= ending || strcasecmp(at + 1, endings[i] + 1))
			continue;
		if (*at == endings[i][0] || (*at == '_' && endings[i][0] == '-')) {
			*at = '\0';
			return true;
		}
	}
	return false;
}

/* Takes a date off: a dash and at least six digits or dashes. */
static bool cut_date(char *name)
{
	size_t length = strlen(name), at = length;
	while (at && (isdigit((unsigned char)name[at - 1]) || name[at - 1] == '-'))
		at--;
	if (!at || at == length || length - at < 7 || name[at] != '-') {
		if (!at || length - at < 6 || name[at - 1] != '_')
			return false;
		at--;
	}
	name[at] = '\0';
	return true;
}

void label_make(const char *path, int64_t built_us, char label[GEO_LABEL_MAX])
{
	char name[GEO_LABEL_MAX * 4], month[MONTH_BYTES];
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	text_clean(name, sizeof name, last, strlen(last));
	while (cut_ending(name) || cut_date(name))
		;
	time_t built = (time_t)(built_us / 1000000);
	struct tm utc = {0};
	if (!gmtime_r(&built, &utc) || !strftime(month, sizeof month, "%Y-%m", &utc))
		snprintf(month, sizeof month, "no date");
	text_clean(label, GEO_LABEL_MAX - MONTH_BYTES, name, strlen(name));
	size_t used = strlen(label);
	snprintf(label + used, GEO_LABEL_MAX - used, " %s", month);
}

/* 0: none that is known. */
static size_t publisher(const char *type)
{
	static const struct {
		const char *start;
		size_t publisher;
	} known[] = {{"GeoLite2", 1}, {"GeoIP", 1},   {"DBIP", 2},
	             {"ipinfo", 3},   {"IP2LITE", 4}, {"IP2Location", 4}};
	for (size_t i = 0; i < PF_COUNT(known); i++)
		if (!strncasecmp(type, known[i].start, strlen(known[i].start)))
			return known[i].publisher;
	return 0;
}

bool label_same_publisher(const char *type_a, const char *label_a, const char *type_b,
                          const char *label_b)
{
	const char *space_a = strrchr(label_a, ' '), *space_b = strrchr(label_b, ' ');
	size_t length_a = space_a ? (size_t)(space_a - label_a) : strlen(label_a);
	size_t length_b = space_b ? (size_t)(space_b - label_b) : strlen(label_b);
	if (publisher(type_a) && publisher(type_a) == publisher(type_b))
		return true;
	return length_a == length_b && !strncasecmp(label_a, label_b, length_a);
}
