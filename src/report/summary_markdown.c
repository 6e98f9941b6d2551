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

static void cell_of(struct buffer *out, struct buffer *content)
{
	cell(out, content->data ? content->data : "");
	buffer_deinit(content);
}

static void places(struct buffer *out, json_t *object)
{
	struct buffer counts;
	buffer_init(&counts, TEXT_BYTES_MAX);
	summary_counts(&counts, object);
	cell_of(out, &counts);
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

static void write_list(struct buffer *out, json_t *document, const struct summary_list *list)
{
	const char *names[PF_COUNT(list->columns)];
	size_t count = 0, i;
	json_t *rows = json_object_get(document, list->member), *row;
	for (; count < PF_COUNT(list->columns) && list->columns[count].head; count++)
		names[count] = list->columns[count].head;
	section(out, list->title);
	if (!json_array_size(rows)) {
		buffer_print(out, "Nothing.\n");
		return;
	}
	heads(out, names, count);
	json_array_foreach(rows, i, row)
	{
		for (size_t c = 0; c < count; c++) {
			struct buffer value;
			buffer_init(&value, TEXT_BYTES_MAX);
			summary_value(&value, row, list->columns[c].member);
			cell_of(out, &value);
		}
		end_row(out);
	}
	cut(out, document, list->member);
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
	for (size_t i = 0; i < SUMMARY_LISTS; i++) {
		if (i == SUMMARY_COUNTRY_LISTS)
			write_when(out, document);
		write_list(out, document, &summary_lists[i]);
	}
	section(out, "What can not be known");
	write_sentences(out, json_object_get(document, "unknowable"), "- ");
	if (json_array_size(json_object_get(document, "sources"))) {
		section(out, "Sources");
		write_sentences(out, json_object_get(document, "sources"), "- ");
	}
}
