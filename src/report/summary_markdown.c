/* The report as Markdown (CommonMark, with GitHub's tables). Strangers' text is escaped so that it neither ends a cell nor is read
 * as markup. */
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "report/summary.h"
#include "report/summary_render.h"

#define TEXT_BYTES_MAX (64u << 10)

static void text(struct buffer *out, const char *from)
{
	struct buffer safe;
	buffer_init(&safe, TEXT_BYTES_MAX);
	printable_append(&safe, from ? from : "");
	for (const char *c = safe.data ? safe.data : ""; *c; c++) {
		if (*c == '<')
			buffer_print(out, "&lt;");
		else if (*c == '&')
			buffer_print(out, "&amp;");
		else if (strchr("\\`*_{}[]()#+!|~>$", *c))
			buffer_print(out, "\\%c", *c);
		else
			buffer_append(out, c, 1);
	}
	buffer_deinit(&safe);
}

/* A row of cells; '>' before a head aligns its column to the right. */
static void heads(struct buffer *out, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_print(out, "| %s ", names[i] + (names[i][0] == '>'));
	buffer_print(out, "|\n");
	for (size_t i = 0; i < count; i++)
		buffer_print(out, names[i][0] == '>' ? "|--:" : "|---");
	buffer_print(out, "|\n");
}

static void cell(struct buffer *out, const char *content)
{
	buffer_print(out, "| ");
	text(out, content);
	buffer_print(out, " ");
}

static void end_row(struct buffer *out)
{
	buffer_print(out, "|\n");
}

static void section(struct buffer *out, const char *title)
{
	buffer_print(out, "\n## %s\n\n", title);
}

static void cut(struct buffer *out, json_t *document, const char *what)
{
	int64_t count = summary_integer(json_object_get(document, "cut"), what);
	if (count)
		buffer_print(out, "\n%s more are not shown.\n", summary_number(count).bytes);
}

/* "CN 3, US 1" */
static void places(struct buffer *out, json_t *object)
{
	const char *key;
	json_t *count;
	bool first = true;
	buffer_print(out, "| ");
	json_object_foreach(object, key, count)
	{
		buffer_print(out, first ? "" : ", ");
		text(out, key);
		if (json_object_size(object) > 1)
			buffer_print(out, " %lld", (long long)json_integer_value(count));
		first = false;
	}
	buffer_print(out, " ");
}

static void write_owners(struct buffer *out, json_t *document)
{
	static const char *const names[] = {"Who",      ">Queries", "Names",    "Stands in",  "Network",
	                                    "Run from", "Standing", ">Flagged", ">Sinkholed", "New"};
	size_t i, n;
	json_t *owner, *name;
	section(out, "Who it talks to");
	heads(out, names, PF_COUNT(names));
	json_array_foreach(json_object_get(document, "owners"), i, owner)
	{
		cell(out, summary_string(owner, "domain"));
		cell(out, summary_number(summary_integer(owner, "queries")).bytes);
		buffer_print(out, "| ");
		json_array_foreach(json_object_get(owner, "names"), n, name)
		{
			buffer_print(out, n ? ", " : "");
			text(out, summary_string(name, "name"));
		}
		buffer_print(out, " ");
		places(out, json_object_get(owner, "locations"));
		places(out, json_object_get(owner, "networks"));
		places(out, json_object_get(owner, "controls"));
		cell(out, summary_worst(json_object_get(owner, "standings")));
		cell(out, summary_number(summary_integer(owner, "flag")).bytes);
		cell(out, summary_number(summary_integer(owner, "sinkhole")).bytes);
		cell(out, json_is_true(json_object_get(owner, "new")) ? "new" : "");
		end_row(out);
	}
	cut(out, document, "owners");
}

static void write_countries(struct buffer *out, json_t *document)
{
	static const char *const names[] = {"Country", ">Addresses", ">Domains"};
	static const char *const lists[][2] = {{"locations", "Where that stands"},
	                                       {"controls", "Where its networks are run from"}};
	size_t i;
	json_t *row;
	for (size_t l = 0; l < PF_COUNT(lists); l++) {
		section(out, lists[l][1]);
		heads(out, names, PF_COUNT(names));
		json_array_foreach(json_object_get(document, lists[l][0]), i, row)
		{
			cell(out, summary_country(summary_string(row, "country")));
			cell(out, summary_number(summary_integer(row, "addresses")).bytes);
			cell(out, summary_number(summary_integer(row, "domains")).bytes);
			end_row(out);
		}
	}
}

static void write_when(struct buffer *out, json_t *document)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	json_t *week = json_object_get(document, "hours");
	section(out, "How often, and when");
	buffer_print(out, "Queries by hour of the week (%.15s).\n\n|   ",
	             summary_string(document, "zone"));
	for (int hour = 0; hour < 24; hour++)
		buffer_print(out, "| %d ", hour);
	buffer_print(out, "|\n|---");
	for (int hour = 0; hour < 24; hour++)
		buffer_print(out, "|--:");
	buffer_print(out, "|\n");
	for (size_t day = 0; day < PF_COUNT(days); day++) {
		buffer_print(out, "| %s ", days[day]);
		for (size_t hour = 0; hour < 24; hour++)
			buffer_print(out, "| %lld ",
			             (long long)json_integer_value(
							 json_array_get(json_array_get(week, day), hour)));
		end_row(out);
	}
}

/* Each list is columns of members. A member that ends with a time is cut to the minute. */
struct list {
	const char *title, *member;
	const char *heads[8];
	const char *members[8];
	size_t count;
};

static void write_value(struct buffer *out, json_t *row, const char *member)
{
	json_t *value = json_object_get(row, member);
	if (json_is_real(value) || json_is_null(value))
		cell(out, summary_rate(row, member).bytes);
	else if (json_is_integer(value))
		cell(out, summary_number(json_integer_value(value)).bytes);
	else if (!strcmp(member, "first") || !strcmp(member, "last") || !strcmp(member, "since") ||
	         !strcmp(member, "time"))
		cell(out, summary_time(summary_string(row, member)).bytes);
	else
		cell(out, summary_string(row, member));
}

static void write_lists(struct buffer *out, json_t *document)
{
	static const struct list lists[] = {
		{"What was new",
	     "new",
	     {"First seen", "Device", "Name", "Stands in", "Network", "Standing"},
	     {"first", "device", "name", "location", "network", "standing"},
	     6},
		{"What moved",
	     "moved",
	     {"When", "Device", "Name", "Before", "After", "Evidence"},
	     {"time", "device", "name", "before", "after", "evidence"},
	     6},
		{"What was flagged and sinkholed",
	     "decided",
	     {"Action", "Rule", "Device", "Name", ">Times", "First", "Last", "Why"},
	     {"action", "rule", "device", "name", "count", "first", "last", "reason"},
	     8},
		{"What it asked for again after it was sinkholed",
	     "retried",
	     {"Device", "Name", "Sinkholed since", ">Before, a day", ">After, a day"},
	     {"device", "name", "since", "before_per_day", "after_per_day"},
	     5},
	};
	size_t i;
	json_t *row;
	for (size_t l = 0; l < PF_COUNT(lists); l++) {
		const struct list *list = &lists[l];
		json_t *rows = json_object_get(document, list->member);
		section(out, list->title);
		if (!json_array_size(rows)) {
			buffer_print(out, "Nothing.\n");
			continue;
		}
		heads(out, list->heads, list->count);
		json_array_foreach(rows, i, row)
		{
			for (size_t m = 0; m < list->count; m++)
				write_value(out, row, list->members[m]);
			end_row(out);
		}
		cut(out, document, list->member);
	}
}

static void write_sentences(struct buffer *out, json_t *list, const char *before)
{
	size_t i;
	json_t *sentence;
	json_array_foreach(list, i, sentence)
	{
		buffer_print(out, "%s", before);
		text(out, json_string_value(sentence));
		buffer_print(out, "\n");
	}
}

void summary_markdown(json_t *document, struct buffer *out)
{
	char words[SUMMARY_TITLE_MAX];
	summary_title(document, words);
	buffer_print(out, "# ");
	text(out, words);
	summary_range(document, words);
	buffer_print(out, "\n\n");
	text(out, words);
	buffer_print(out, "\n\n");
	write_sentences(out, json_object_get(document, "findings"), "- ");
	write_owners(out, document);
	write_countries(out, document);
	write_when(out, document);
	write_lists(out, document);
	section(out, "What can not be known");
	write_sentences(out, json_object_get(document, "unknowable"), "- ");
	if (json_array_size(json_object_get(document, "sources"))) {
		section(out, "Sources");
		write_sentences(out, json_object_get(document, "sources"), "- ");
	}
}
