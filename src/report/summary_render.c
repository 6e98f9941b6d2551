/* What the forms of the report share, see summary_render.h. */
#include "report/summary_render.h"

#include <stdio.h>
#include <string.h>

#include "base/digits.h"
#include "config/config.h"
#include "report/summary.h"
#include "report/text.h"

const char *summary_string(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "";
}

int64_t summary_integer(json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

struct summary_number summary_number(int64_t number)
{
	struct summary_number out;
	digits_format(number, out.bytes);
	return out;
}

struct summary_number summary_time(const char *iso)
{
	struct summary_number out;
	snprintf(out.bytes, sizeof out.bytes, "%.16s", iso);
	if (strlen(out.bytes) > 10)
		out.bytes[10] = ' ';
	return out;
}

struct summary_number summary_rate(json_t *row, const char *member)
{
	struct summary_number out = {"–"};
	json_t *rate = json_object_get(row, member);
	if (json_is_number(rate))
		snprintf(out.bytes, sizeof out.bytes, json_number_value(rate) < 100 ? "%.1f" : "%.0f",
		         json_number_value(rate));
	return out;
}

void summary_title(json_t *document, char out[SUMMARY_TITLE_MAX])
{
	json_t *subject = json_object_get(document, "subject");
	json_t *devices = json_object_get(document, "devices");
	const char *tag = summary_string(subject, "tag");
	const char *device = summary_string(json_array_get(devices, 0), "name");
	if (*summary_string(subject, "device"))
		snprintf(out, SUMMARY_TITLE_MAX, "What “%.80s” talks to",
		         *device ? device : summary_string(subject, "device"));
	else if (*tag)
		snprintf(out, SUMMARY_TITLE_MAX, "What devices tagged “%.60s” talk to", tag);
	else
		snprintf(out, SUMMARY_TITLE_MAX, "What the devices of this network talk to");
}

void summary_range(json_t *document, char out[SUMMARY_TITLE_MAX])
{
	json_t *range = json_object_get(document, "range");
	const char *home = summary_string(json_object_get(document, "subject"), "home");
	size_t devices = json_array_size(json_object_get(document, "devices"));
	snprintf(out, SUMMARY_TITLE_MAX, "%.16s to %.16s UTC · %zu device%s · home: %.60s",
	         summary_time(summary_string(range, "since")).bytes,
	         summary_time(summary_string(range, "until")).bytes, devices, devices == 1 ? "" : "s",
	         *home ? home : "not set, so nothing can be overseas");
}

const char *summary_country(const char *code)
{
	const char *name = config_country_name(code);
	return name ? name : *code && strcmp(code, "?") != 0 ? code : "unknown";
}

/* In the order of what an owner wants to see first. */
static const char *const standings[] = {"overseas", "disputed", "indeterminate", "unknown", "home"};

bool summary_is_standing(const char *word)
{
	for (size_t i = 0; i < PF_COUNT(standings); i++)
		if (!strcmp(word, standings[i]))
			return true;
	return false;
}

const char *summary_worst(json_t *object)
{
	for (size_t i = 0; i < PF_COUNT(standings); i++)
		if (json_object_get(object, standings[i]))
			return standings[i];
	return "";
}

int64_t summary_most(json_t *week)
{
	int64_t most = 0;
	size_t d, h;
	json_t *day, *hour;
	json_array_foreach(week, d, day)
		json_array_foreach(day, h, hour) if (json_integer_value(hour) > most) most =
			json_integer_value(hour);
	return most;
}

void summary_trend(json_t *row, char out[64])
{
	json_t *before = json_object_get(row, "before_per_day");
	double was = json_number_value(before);
	double is = json_number_value(json_object_get(row, "after_per_day"));
	if (!json_is_number(before) || was <= 0)
		snprintf(out, 64, "nothing to compare with");
	else if (is >= 1.5 * was)
		snprintf(out, 64, "asks %.1f times as often", is / was);
	else if (is <= was / 10)
		snprintf(out, 64, "has nearly given up");
	else if (is <= was / 1.5)
		snprintf(out, 64, "asks less");
	else
		snprintf(out, 64, "asks as before");
}

/* ---- findings -------------------------------------------------------------------------------- */

static void say(json_t *list, const char *sentence)
{
	json_array_append_new(list, report_text(sentence));
}

static void say_overseas(json_t *list, json_t *document)
{
	char text[400];
	size_t count = 0, i;
	json_t *owner;
	char names[200] = "";
	json_array_foreach(json_object_get(document, "owners"), i, owner)
	{
		if (strcmp(summary_worst(json_object_get(owner, "standings")), "overseas") != 0)
			continue;
		size_t used = strlen(names);
		if (++count <= 3)
			snprintf(names + used, sizeof names - used, "%s%.60s", used ? ", " : "",
			         summary_string(owner, "domain"));
	}
	if (count)
		snprintf(text, sizeof text,
		         "%zu of the registered domains shown %s an address overseas: %s%s.", count,
		         count == 1 ? "has" : "have", names, count > 3 ? " and others" : "");
	else if (*summary_string(json_object_get(document, "subject"), "home"))
		snprintf(text, sizeof text, "No address of any answer stands overseas for certain.");
	else
		snprintf(text, sizeof text, "No home is set, so that nothing can be said to be overseas.");
	say(list, text);
}

/* Nothing where nothing is validated, or nothing is signed. */
static void say_authenticated(json_t *list, json_t *totals)
{
	char text[200];
	int64_t count = summary_integer(totals, "authenticated");
	if (!count)
		return;
	snprintf(
		text, sizeof text,
		"%s of %s addresses stood in answers that were authenticated (DNSSEC): nobody on the way has made them up.",
		summary_number(count).bytes, summary_number(summary_integer(totals, "addresses")).bytes);
	say(list, text);
}

json_t *summary_findings(json_t *document)
{
	json_t *list = json_array(), *totals = json_object_get(document, "totals");
	json_t *retried = json_object_get(document, "retried"), *row;
	char text[400];
	size_t i, more = 0;
	snprintf(text, sizeof text,
	         "%s queries for %s names of %s registered domains; %s were flagged and %s sinkholed.",
	         summary_number(summary_integer(totals, "queries")).bytes,
	         summary_number(summary_integer(totals, "names")).bytes,
	         summary_number(summary_integer(totals, "domains")).bytes,
	         summary_number(summary_integer(totals, "flag")).bytes,
	         summary_number(summary_integer(totals, "sinkhole")).bytes);
	say(list, text);
	say_overseas(list, document);
	say_authenticated(list, totals);
	json_array_foreach(retried, i, row)
	{
		double was = json_number_value(json_object_get(row, "before_per_day"));
		more += was > 0 && json_number_value(json_object_get(row, "after_per_day")) >= 1.5 * was;
	}
	if (more) {
		snprintf(text, sizeof text, "%zu sinkholed name%s asked for more often than before.", more,
		         more == 1 ? " is" : "s are");
		say(list, text);
	}
	return list;
}

void summary_render(json_t *document, enum summary_format format, struct buffer *out)
{
	if (format == SUMMARY_HTML)
		summary_html(document, out);
	else
		summary_markdown(document, out);
}

/* ---- lists --------------------------------------------------------------------------------- */

const struct summary_list summary_lists[SUMMARY_LISTS] = {
	{"Where that stands",
     "locations",
     {{"Country", "country", false},
      {">Addresses", "addresses", false},
      {">Domains", "domains", false}}},
	{"Where its networks are run from",
     "controls",
     {{"Country", "country", false},
      {">Addresses", "addresses", false},
      {">Domains", "domains", false}}},
	{"What was new",
     "new",
     {{"First seen", "first", false},
      {"Device", "device", false},
      {"Name", "name", false},
      {"Stands in", "location", false},
      {"Network", "network", false},
      {"Standing", "standing", false}}},
	{"What moved",
     "moved",
     {{"When", "time", false},
      {"Device", "device", false},
      {"Name", "name", false},
      {"Before", "before", false},
      {"After", "after", false},
      {"Evidence", "evidence", true}}},
	{"What was flagged and sinkholed",
     "decided",
     {{"Action", "action", false},
      {"Rule", "rule", false},
      {"Device", "device", false},
      {"Name", "name", false},
      {">Times", "count", false},
      {"First", "first", true},
      {"Last", "last", false},
      {"Why", "reason", true}}},
	{"What it asked for again after it was sinkholed",
     "retried",
     {{"Device", "device", false},
      {"Name", "name", false},
      {"Sinkholed since", "since", false},
      {">Before, a day", "before_per_day", false},
      {">After, a day", "after_per_day", false}}},
};

static bool is_time(const char *member)
{
	static const char *const times[] = {"first", "last", "since", "time"};
	for (size_t i = 0; i < PF_COUNT(times); i++)
		if (!strcmp(member, times[i]))
			return true;
	return false;
}

void summary_value(struct buffer *out, json_t *row, const char *member)
{
	json_t *value = json_object_get(row, member);
	if (json_is_real(value) || json_is_null(value))
		buffer_print(out, "%s", summary_rate(row, member).bytes);
	else if (json_is_integer(value))
		buffer_print(out, "%s", summary_number(json_integer_value(value)).bytes);
	else if (is_time(member))
		buffer_print(out, "%s", summary_time(summary_string(row, member)).bytes);
	else if (!strcmp(member, "country"))
		buffer_print(out, "%s", summary_country(summary_string(row, member)));
	else
		buffer_print(out, "%s", summary_string(row, member));
}

void summary_counts(struct buffer *out, json_t *object)
{
	const char *key, *between = "";
	json_t *count;
	json_object_foreach(object, key, count)
	{
		buffer_print(out, "%s%s", between, key);
		if (json_object_size(object) > 1)
			buffer_print(out, " %lld", (long long)json_integer_value(count));
		between = ", ";
	}
}
