/* Windows of the week: "mon-fri 22:00-06:00". One that goes over midnight belongs to the day on which it begins. */
#include "config/during.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_MINUTES (24 * 60)
#define WINDOWS_MAX 64 /* in one rule: nine for each day of the week */

static const char wanted[] = "a window like \"mon-fri 08:00-17:00\", or a list of these";

/* ---- days -------------------------------------------------------------------------------- */

static int day_of(const char *word, size_t length)
{
	static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	for (size_t i = 0; i < PF_COUNT(days); i++)
		if (length == 3 && !strncasecmp(word, days[i], 3))
			return (int)i;
	return -1;
}

/* "sat" or "fri-mon": bit 0 is Monday. 0 when it is neither. */
static unsigned read_days(const char *text, size_t length)
{
	const char *dash = memchr(text, '-', length);
	int first = day_of(text, dash ? (size_t)(dash - text) : length);
	int last = dash ? day_of(dash + 1, length - (size_t)(dash + 1 - text)) : first;
	unsigned days = 0;
	if (first < 0 || last < 0)
		return 0;
	for (int day = first;; day = (day + 1) % 7) {
		days |= 1u << day;
		if (day == last)
			return days;
	}
}

/* Days divided by commas; an empty text is every day. 0 after an error. */
static unsigned read_day_list(struct reader *reader, const struct node *node, const char *text,
                              size_t length)
{
	unsigned days = 0;
	if (!length)
		return 0x7f;
	while (true) {
		const char *comma = memchr(text, ',', length);
		size_t part = comma ? (size_t)(comma - text) : length;
		unsigned some = read_days(text, part);
		if (!some) {
			char show[SHOWN_MAX], word[SHOWN_MAX];
			snprintf(word, sizeof word, "%.*s", (int)(part < 40 ? part : 40), text);
			tell_error(
				reader, node->pos,
				"`%s` is no day of the week for `during`; write them like mon-fri or sat,sun",
				shown(word, show));
			return 0;
		}
		days |= some;
		if (!comma)
			return days;
		length -= part + 1;
		text = comma + 1;
	}
}

/* ---- times ------------------------------------------------------------------------------- */

/* "08:30" at the beginning of the text; the minute of the day, or -1. */
static int read_time(const char *text)
{
	for (int i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return -1;
	int hours = (text[0] - '0') * 10 + text[1] - '0',
		minutes = (text[3] - '0') * 10 + text[4] - '0';
	bool is_time = hours < 24 ? minutes < 60 : hours == 24 && !minutes;
	return is_time ? hours * 60 + minutes : -1;
}

/* "08:00-17:30"; an empty text is the whole day. False after an error. */
static bool read_times(struct reader *reader, const struct node *node, const char *text, int *from,
                       int *until)
{
	char show[SHOWN_MAX];
	*from = 0;
	*until = DAY_MINUTES;
	if (!*text)
		return true;
	if (strlen(text) == 11 && text[5] == '-') {
		*from = read_time(text);
		*until = read_time(text + 6);
	} else {
		*from = -1;
	}
	if (*from < 0 || *until < 0 || *from == DAY_MINUTES) {
		tell_error(reader, node->pos,
		           "bad times `%s` for `during`; write them like 08:00-17:30, from 00:00 to 24:00",
		           shown(text, show));
		return false;
	}
	if (*from == *until)
		tell_error(reader, node->pos,
		           "the window `%s` of `during` is empty: it ends when it begins; the whole day is "
		           "00:00-24:00",
		           shown(text, show));
	return *from != *until;
}

static void set_minutes(uint8_t *week, unsigned days, int from, int until)
{
	int length = until > from ? until - from : until + DAY_MINUTES - from;
	for (int day = 0; day < 7; day++) {
		for (int i = 0; days >> day & 1 && i < length; i++) {
			int minute = (day * DAY_MINUTES + from + i) % (7 * DAY_MINUTES);
			week[minute / 8] |= (uint8_t)(1u << minute % 8);
		}
	}
}

/* ---- the key ----------------------------------------------------------------------------- */

static void read_window(struct reader *reader, const struct node *node,
                        struct config_during *during)
{
	const char *text = reader_text(reader, node, "during", wanted);
	int from, until;
	if (!text)
		return;
	/* Days begin with a letter, times with a digit. */
	bool has_days = text[0] < '0' || text[0] > '9';
	size_t length = has_days ? strcspn(text, " ") : 0;
	const char *times = text + length + strspn(text + length, " ");
	unsigned days = read_day_list(reader, node, text, length);
	if (!days || !read_times(reader, node, times, &from, &until))
		return;
	set_minutes(during->week, days, from, until);
	size_t used = strlen(during->text);
	int more =
		snprintf(during->text + used, sizeof during->text - used, "%s%s", used ? ", " : "", text);
	if (more < 0 || (size_t)more >= sizeof during->text - used)
		snprintf(during->text + used, sizeof during->text - used, " …");
}

static void read_at(struct reader *reader, const struct node *node, void *target)
{
	struct config_during *during = target;
	const struct list_shape shape = {"during", wanted, WINDOWS_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		read_window(reader, item, during);
}

static void read_zone(struct reader *reader, const struct node *node, void *target)
{
	struct config_during *during = target;
	struct zone *zone;
	char show[SHOWN_MAX];
	char *name = reader_name(reader, node, "zone", ZONE_NAME_MAX);
	during->zone = name;
	if (!name)
		return;
	int error = zone_load(name, &zone);
	zone_free(&zone);
	if (error == PF_ENOMEM)
		reader->no_memory = true;
	else if (error == PF_ENOENT)
		tell_error(
			reader, node->pos,
			"there is no time zone `%s` on this machine; zones have names like Europe/Berlin "
			"(and come with the package tzdata)",
			shown(name, show));
	else if (error != PF_OK)
		tell_error(reader, node->pos, "the file of the time zone `%s` is damaged",
		           shown(name, show));
}

static const struct field fields[] = {
	{"at", read_at, true},
	{"zone", read_zone, false},
};

void match_during(struct reader *reader, const struct node *node, void *target)
{
	struct config_rule *rule = target;
	rule->during = reader_alloc(reader, 1, sizeof *rule->during);
	if (!rule->during)
		return;
	rule->during->pos = node->pos;
	if (node->kind == NODE_MAPPING)
		(void)reader_mapping(reader, node, "`during`", fields, PF_COUNT(fields), rule->during);
	else
		read_at(reader, node, rule->during);
}

void during_free(struct config_during *during)
{
	if (during)
		free(during->zone);
	free(during);
}
