/* The report as one HTML file: nothing is loaded from elsewhere, no script runs, and it prints on paper. Strangers' text goes
 * through `text` and nowhere else. */
#include <string.h>

#include "base/printable.h"
#include "report/summary.h"
#include "report/summary_render.h"

#define TEXT_BYTES_MAX (64u << 10)

static const char style[] =
#include "report/summary_style.inc"
	;

/* ---- pieces ---------------------------------------------------------------------------------- */

/* As text of an element or of an attribute in double quotes. */
static void text(struct buffer *out, const char *from)
{
	struct buffer safe;
	buffer_init(&safe, TEXT_BYTES_MAX);
	printable_append(&safe, from ? from : "");
	for (const char *c = safe.data ? safe.data : ""; *c; c++) {
		switch (*c) {
		case '<': buffer_print(out, "&lt;"); break;
		case '>': buffer_print(out, "&gt;"); break;
		case '&': buffer_print(out, "&amp;"); break;
		case '"': buffer_print(out, "&quot;"); break;
		case '\'': buffer_print(out, "&#39;"); break;
		default: buffer_append(out, c, 1);
		}
	}
	buffer_deinit(&safe);
}

static void put(struct buffer *out, const char *raw)
{
	buffer_append(out, raw, strlen(raw));
}

static void element(struct buffer *out, const char *tag, const char *class, const char *content)
{
	buffer_print(out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "",
	             class ? "\"" : "");
	text(out, content);
	buffer_print(out, "</%s>", tag);
}

static void number_cell(struct buffer *out, int64_t value)
{
	struct summary_number number = summary_number(value);
	element(out, "td", value ? "n" : "n zero", number.bytes);
}

static void begin_section(struct buffer *out, const char *title, const char *note)
{
	put(out, "<section>");
	element(out, "h2", NULL, title);
	if (note)
		element(out, "p", "note", note);
}

static void begin_table(struct buffer *out, const char *const *heads, size_t count)
{
	put(out, "<table><thead><tr>");
	for (size_t i = 0; i < count; i++) {
		bool right = heads[i][0] == '>';
		buffer_print(out, "<th%s scope=\"col\">", right ? " class=\"n\"" : "");
		text(out, heads[i] + right);
		put(out, "</th>");
	}
	put(out, "</tr></thead><tbody>");
}

static void end_table(struct buffer *out, json_t *document, const char *what)
{
	int64_t cut = summary_integer(json_object_get(document, "cut"), what);
	put(out, "</tbody></table>");
	if (!cut)
		return;
	struct summary_number number = summary_number(cut);
	buffer_print(
		out, "<p class=\"note\">%s more are not shown; the JSON of the journal has them all.</p>",
		number.bytes);
}

static void badge(struct buffer *out, const char *standing, const char *label)
{
	buffer_print(out, "<span class=\"b %s\">",
	             summary_is_standing(standing) ? standing : "unknown");
	text(out, label);
	put(out, "</span>");
}

/* ---- the head -------------------------------------------------------------------------------- */

static void tile(struct buffer *out, json_t *totals, const char *member, const char *label,
                 const char *class)
{
	struct summary_number number = summary_number(summary_integer(totals, member));
	buffer_print(out, "<div class=\"tile %s\"><b>%s</b><span>%s</span></div>", class, number.bytes,
	             label);
}

static void write_head(struct buffer *out, json_t *document)
{
	char title[SUMMARY_TITLE_MAX], range[SUMMARY_TITLE_MAX];
	json_t *totals = json_object_get(document, "totals");
	summary_title(document, title);
	summary_range(document, range);
	put(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	         "'unsafe-inline'\"><meta name=\"referrer\" content=\"no-referrer\">");
	element(out, "title", NULL, title);
	buffer_print(out, "<style>%s</style></head><body><header>", style);
	element(out, "p", "kicker", "portafilter · what DNS shows");
	element(out, "h1", NULL, title);
	element(out, "p", "range", range);
	put(out, "</header><div class=\"tiles\">");
	tile(out, totals, "queries", "queries", "");
	tile(out, totals, "names", "names", "");
	tile(out, totals, "domains", "registered domains", "");
	tile(out, totals, "addresses", "addresses", "");
	tile(out, totals, "flag", "flagged", "warn");
	tile(out, totals, "sinkhole", "sinkholed", "bad");
	put(out, "</div>");
	size_t i;
	json_t *sentence;
	put(out, "<div class=\"lead\">");
	json_array_foreach(json_object_get(document, "findings"), i, sentence)
		element(out, "p", NULL, json_string_value(sentence));
	put(out, "</div>");
}

/* ---- who, where ------------------------------------------------------------------------------ */

/* "3 in China, 1 in Ireland", the codes as titles. */
static void write_places(struct buffer *out, json_t *places)
{
	const char *code;
	json_t *count;
	bool first = true;
	json_object_foreach(places, code, count)
	{
		put(out, first ? "" : ", ");
		first = false;
		text(out, strcmp(code, "?") ? code : "unknown");
		if (json_object_size(places) > 1)
			buffer_print(out, "&nbsp;<i>%lld</i>", (long long)json_integer_value(count));
	}
	if (first)
		put(out, "<span class=\"zero\">–</span>");
}

static void write_networks(struct buffer *out, json_t *networks)
{
	const char *name;
	json_t *count;
	size_t shown = 0;
	(void)count;
	json_object_foreach(networks, name, count)
	{
		if (++shown > 2)
			continue;
		put(out, shown > 1 ? "<br>" : "");
		text(out, name);
	}
	if (shown > 2)
		buffer_print(out, "<br><span class=\"zero\">and %zu more</span>", shown - 2);
	if (!shown)
		put(out, "<span class=\"zero\">–</span>");
}

static void write_owner(struct buffer *out, json_t *owner, int64_t most)
{
	size_t i;
	json_t *name;
	int64_t queries = summary_integer(owner, "queries");
	int64_t names = summary_integer(owner, "names_count");
	const char *standing = summary_worst(json_object_get(owner, "standings"));
	put(out, "<tr><td class=\"who\">");
	element(out, "b", NULL, summary_string(owner, "domain"));
	if (json_is_true(json_object_get(owner, "new")))
		put(out, " <span class=\"b new\">new</span>");
	put(out, "<div class=\"names\">");
	json_array_foreach(json_object_get(owner, "names"), i, name)
	{
		put(out, i ? ", " : "");
		text(out, summary_string(name, "name"));
	}
	if ((size_t)names > i)
		buffer_print(out, " and %lld more", (long long)names - (long long)i);
	buffer_print(
		out,
		"</div></td><td class=\"n\"><span class=\"bar\" style=\"width:%lld%%\"></span>%s</td><td>",
		most ? (long long)(queries * 100 / most) : 0, summary_number(queries).bytes);
	write_places(out, json_object_get(owner, "locations"));
	put(out, "</td><td>");
	write_networks(out, json_object_get(owner, "networks"));
	put(out, "</td><td>");
	write_places(out, json_object_get(owner, "controls"));
	put(out, "</td><td>");
	if (*standing)
		badge(out, standing, standing);
	put(out, "</td>");
	number_cell(out, summary_integer(owner, "flag"));
	number_cell(out, summary_integer(owner, "sinkhole"));
	put(out, "</tr>");
}

static void write_owners(struct buffer *out, json_t *document)
{
	static const char *const heads[] = {"Who, and the names asked for",
	                                    ">Queries",
	                                    "Stands in",
	                                    "Network",
	                                    "Run from",
	                                    "Standing",
	                                    ">Flagged",
	                                    ">Sinkholed"};
	json_t *owners = json_object_get(document, "owners"), *owner;
	size_t i;
	begin_section(
		out, "Who it talks to",
		"By registered domain. A number behind a country counts addresses. Where an address stands "
		"and who runs its network are two questions.");
	begin_table(out, heads, PF_COUNT(heads));
	int64_t most = summary_integer(json_array_get(owners, 0), "queries");
	json_array_foreach(owners, i, owner) write_owner(out, owner, most);
	end_table(out, document, "owners");
	put(out, "</section>");
}

static void write_country_list(struct buffer *out, json_t *countries, const char *title)
{
	size_t i;
	json_t *row;
	int64_t most = summary_integer(json_array_get(countries, 0), "addresses");
	put(out, "<div class=\"half\">");
	element(out, "h3", NULL, title);
	put(out, "<table class=\"bars\"><tbody>");
	json_array_foreach(countries, i, row)
	{
		int64_t addresses = summary_integer(row, "addresses");
		if (i == SUMMARY_COUNTRIES_SHOWN)
			break;
		put(out, "<tr><td>");
		text(out, summary_country(summary_string(row, "country")));
		buffer_print(out,
		             "</td><td class=\"w\"><span class=\"bar\" style=\"width:%lld%%\"></span></td>",
		             most ? (long long)(addresses * 100 / most) : 0);
		number_cell(out, addresses);
		put(out, "</tr>");
	}
	put(out, "</tbody></table></div>");
}

static void write_countries(struct buffer *out, json_t *document)
{
	begin_section(out, "Where that stands, and who runs it",
	              "Addresses of answers, each counted once.");
	put(out, "<div class=\"halves\">");
	write_country_list(out, json_object_get(document, "locations"), "Stands in");
	write_country_list(out, json_object_get(document, "controls"), "Network run from");
	put(out, "</div></section>");
}

/* ---- when ------------------------------------------------------------------------------------ */

static void write_heat(struct buffer *out, json_t *document)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	json_t *week = json_object_get(document, "hours");
	int64_t most = summary_most(week);
	put(out, "<table class=\"heat\"><thead><tr><th></th>");
	for (int hour = 0; hour < 24; hour++)
		buffer_print(out, "<th>%d</th>", hour);
	put(out, "</tr></thead><tbody>");
	for (size_t day = 0; day < PF_COUNT(days); day++) {
		buffer_print(out, "<tr><th scope=\"row\">%s</th>", days[day]);
		for (size_t hour = 0; hour < 24; hour++) {
			int64_t count = json_integer_value(json_array_get(json_array_get(week, day), hour));
			double share = most ? (double)count / (double)most : 0;
			buffer_print(out,
			             "<td style=\"background:rgba(154,52,18,%.2f)\" title=\"%s %zu:00: %s\">",
			             count ? 0.06 + 0.94 * share : 0, days[day], hour,
			             summary_number(count).bytes);
			put(out, "</td>");
		}
		put(out, "</tr>");
	}
	put(out, "</tbody></table>");
}

/* One bar a day: allowed, flagged, sinkholed on top of each other. */
static void write_days(struct buffer *out, json_t *document)
{
	static const char *const parts[] = {"allow", "flag", "sinkhole"};
	json_t *days = json_object_get(document, "days"), *day;
	size_t i, count = json_array_size(days);
	int64_t most = 1;
	json_array_foreach(days, i, day)
	{
		int64_t sum = 0;
		for (size_t p = 0; p < PF_COUNT(parts); p++)
			sum += summary_integer(day, parts[p]);
		most = sum > most ? sum : most;
	}
	if (count < 2)
		return;
	double width = 960.0 / (double)count;
	put(out,
	    "<svg class=\"days\" viewBox=\"0 0 960 120\" role=\"img\" aria-label=\"queries a day\">");
	json_array_foreach(days, i, day)
	{
		double top = 118;
		for (size_t p = 0; p < PF_COUNT(parts); p++) {
			double height = 112.0 * (double)summary_integer(day, parts[p]) / (double)most;
			top -= height;
			if (height > 0)
				buffer_print(
					out,
					"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
					parts[p], (double)i * width + width * 0.1, top, width * 0.8, height);
		}
	}
	put(out, "<path d=\"M0 118.5H960\"/></svg><p class=\"axis\"><span>");
	text(out, summary_string(json_array_get(days, 0), "day"));
	put(out,
	    "</span><span class=\"key\"><i class=\"allow\"></i>allowed <i class=\"flag\"></i>flagged <i "
	    "class=\"sinkhole\"></i>sinkholed</span><span>");
	text(out, summary_string(json_array_get(days, count - 1), "day"));
	put(out, "</span></p>");
}

static void write_when(struct buffer *out, json_t *document)
{
	char note[128];
	snprintf(note, sizeof note,
	         "Queries by hour of the week, in the house's own time (%.15s): the darker, the more.",
	         summary_string(document, "zone"));
	begin_section(out, "How often, and when", note);
	write_heat(out, document);
	write_days(out, document);
	put(out, "</section>");
}

/* ---- what happened --------------------------------------------------------------------------- */

static void write_new(struct buffer *out, json_t *document)
{
	static const char *const heads[] = {"First seen", "Device",  "Name",
	                                    "Stands in",  "Network", "Standing"};
	json_t *rows = json_object_get(document, "new"), *row;
	size_t i;
	begin_section(
		out, "What was new",
		"Names that a device had not had an answer for before. Of a device that was new itself, nothing is listed.");
	if (!json_array_size(rows)) {
		put(out, "<p>Nothing.</p></section>");
		return;
	}
	begin_table(out, heads, PF_COUNT(heads));
	json_array_foreach(rows, i, row)
	{
		put(out, "<tr>");
		element(out, "td", "t", summary_time(summary_string(row, "first")).bytes);
		element(out, "td", NULL, summary_string(row, "device"));
		element(out, "td", "name", summary_string(row, "name"));
		element(out, "td", NULL, summary_country(summary_string(row, "location")));
		element(out, "td", NULL, summary_string(row, "network"));
		put(out, "<td>");
		badge(out, summary_string(row, "standing"), summary_string(row, "standing"));
		put(out, "</td></tr>");
	}
	end_table(out, document, "new");
	put(out, "</section>");
}

static void write_moved(struct buffer *out, json_t *document)
{
	static const char *const heads[] = {"When", "Device", "Name", "Before", "After", "Evidence"};
	json_t *rows = json_object_get(document, "moved"), *row;
	size_t i;
	if (!json_array_size(rows))
		return;
	begin_section(out, "What moved",
	              "Names that stand elsewhere than before, and countries met for the first time.");
	begin_table(out, heads, PF_COUNT(heads));
	json_array_foreach(rows, i, row)
	{
		put(out, "<tr>");
		element(out, "td", "t", summary_time(summary_string(row, "time")).bytes);
		element(out, "td", NULL, summary_string(row, "device"));
		element(out, "td", "name", summary_string(row, "name"));
		element(out, "td", NULL, summary_string(row, "before"));
		element(out, "td", NULL, summary_string(row, "after"));
		element(out, "td", "small", summary_string(row, "evidence"));
		put(out, "</tr>");
	}
	end_table(out, document, "moved");
	put(out, "</section>");
}

static void write_decided(struct buffer *out, json_t *document)
{
	static const char *const heads[] = {"", "Rule", "Device", "Name", ">Times", "First", "Last"};
	json_t *rows = json_object_get(document, "decided"), *row;
	size_t i;
	begin_section(out, "What was flagged and sinkholed",
	              "From the raw queries, as long as they are kept.");
	if (!json_array_size(rows)) {
		put(out, "<p>Nothing.</p></section>");
		return;
	}
	begin_table(out, heads, PF_COUNT(heads));
	json_array_foreach(rows, i, row)
	{
		bool sinkhole = !strcmp(summary_string(row, "action"), "sinkhole");
		put(out, "<tr><td>");
		badge(out, sinkhole ? "overseas" : "disputed", sinkhole ? "sinkholed" : "flagged");
		put(out, "</td>");
		element(out, "td", NULL, summary_string(row, "rule"));
		element(out, "td", NULL, summary_string(row, "device"));
		put(out, "<td class=\"name\">");
		text(out, summary_string(row, "name"));
		element(out, "div", "small", summary_string(row, "reason"));
		put(out, "</td>");
		number_cell(out, summary_integer(row, "count"));
		element(out, "td", "t", summary_time(summary_string(row, "first")).bytes);
		element(out, "td", "t", summary_time(summary_string(row, "last")).bytes);
		put(out, "</tr>");
	}
	end_table(out, document, "decided");
	put(out, "</section>");
}

static void write_retried(struct buffer *out, json_t *document)
{
	static const char *const heads[] = {"Device",         "Name",          "Sinkholed since",
	                                    ">Before, a day", ">After, a day", ""};
	json_t *rows = json_object_get(document, "retried"), *row;
	size_t i;
	if (!json_array_size(rows))
		return;
	begin_section(
		out, "What it asked for again after it was sinkholed",
		"Queries a day before the hour in which it was sinkholed first, and since then. A device that asks more "
		"often is missing something; one that asks less has given up, or found another way.");
	begin_table(out, heads, PF_COUNT(heads));
	json_array_foreach(rows, i, row)
	{
		char words[64];
		put(out, "<tr>");
		element(out, "td", NULL, summary_string(row, "device"));
		element(out, "td", "name", summary_string(row, "name"));
		element(out, "td", "t", summary_time(summary_string(row, "since")).bytes);
		element(out, "td", "n", summary_rate(row, "before_per_day").bytes);
		element(out, "td", "n", summary_rate(row, "after_per_day").bytes);
		summary_trend(row, words);
		element(out, "td", NULL, words);
		put(out, "</tr>");
	}
	end_table(out, document, "retried");
	put(out, "</section>");
}

void summary_html(json_t *document, struct buffer *out)
{
	size_t i;
	json_t *sentence;
	write_head(out, document);
	write_owners(out, document);
	write_countries(out, document);
	write_when(out, document);
	write_new(out, document);
	write_moved(out, document);
	write_decided(out, document);
	write_retried(out, document);
	begin_section(out, "What can not be known", NULL);
	put(out, "<ul>");
	json_array_foreach(json_object_get(document, "unknowable"), i, sentence)
		element(out, "li", NULL, json_string_value(sentence));
	put(out, "</ul></section><footer>");
	json_array_foreach(json_object_get(document, "sources"), i, sentence)
	{
		put(out, i ? " · " : "Sources: ");
		text(out, json_string_value(sentence));
	}
	put(out, "</footer></body></html>\n");
}
