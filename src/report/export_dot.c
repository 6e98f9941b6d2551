/* Graphviz: who asks for what, and where that leads: device, name, CNAMEs, address, network, country. */
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "report/format.h"

#define ID_BYTES_MAX 8192 /* quoted: every byte of a name may become eight */

/* Each line begins with a digit that puts nodes before edges. */
static int dot_begin(struct format_run *run)
{
	run->state = calloc(1, sizeof(struct lines));
	return run->state ? PF_OK : PF_ENOMEM;
}

static void dot_close(struct format_run *run)
{
	if (run->state)
		lines_free(run->state);
	free(run->state);
}

/* A quoted string of DOT. A backslash would begin one of its escapes, so there are two. */
static void quote(char out[ID_BYTES_MAX], const char *kind, const char *text)
{
	struct buffer safe;
	size_t used = 0;
	buffer_init(&safe, ID_BYTES_MAX);
	printable_append(&safe, text);
	out[used++] = '"';
	for (const char *c = kind; *c; c++)
		out[used++] = *c;
	for (const char *c = safe.data ? safe.data : ""; *c && used < ID_BYTES_MAX - 4; c++) {
		if (*c == '"' || *c == '\\')
			out[used++] = '\\';
		out[used++] = *c;
	}
	out[used++] = '"';
	out[used] = '\0';
	buffer_deinit(&safe);
}

/* The node's id has its kind before it: a device may be called like a name. */
static int node(struct lines *lines, const char *kind, const char *text, const char *look,
                char id[ID_BYTES_MAX])
{
	char label[ID_BYTES_MAX];
	quote(id, kind, text);
	quote(label, "", text);
	return lines_add(lines, "1%s [label=%s%s]", id, label, look);
}

static int edge(struct lines *lines, const char *from, const char *to, const char *look)
{
	return lines_add(lines, "2%s -> %s%s", from, to, look);
}

static const char *look_of_address(const char *standing)
{
	if (!strcmp(standing, "overseas"))
		return ", shape=box, fillcolor=\"#f6c6b8\"";
	if (!strcmp(standing, "home"))
		return ", shape=box, fillcolor=\"#cfe5d0\"";
	return ", shape=box, fillcolor=\"#e6e2da\"";
}

/* Address to network to country of its control, and address to the country where it stands. */
static int add_places(struct lines *lines, const struct store_endpoint *row, const char *address)
{
	char network[ID_BYTES_MAX], country[ID_BYTES_MAX], text[128];
	int result = PF_OK;
	if (row->asn) {
		snprintf(text, sizeof text, "AS%lld %.100s", (long long)row->asn, row->organisation);
		result = node(lines, "network ", text, ", shape=component, fillcolor=\"#e4dcf0\"", network);
		if (result == PF_OK)
			result = edge(lines, address, network, " [label=\"announced by\"]");
	}
	if (result == PF_OK && row->asn && *row->control) {
		result = node(lines, "country ", row->control, ", shape=doubleoctagon", country);
		if (result == PF_OK)
			result = edge(lines, network, country, " [label=\"run from\", style=dashed]");
	}
	if (result == PF_OK && *row->location) {
		result = node(lines, "country ", row->location, ", shape=doubleoctagon", country);
		if (result == PF_OK)
			result = edge(lines, address, country, " [label=\"stands in\"]");
	}
	return result;
}

static int dot_endpoint(struct format_run *run, const struct store_endpoint *row)
{
	struct lines *lines = run->state;
	char from[ID_BYTES_MAX], to[ID_BYTES_MAX], text[1024];
	const char *via = row->via, *name;
	size_t length;
	int result = node(lines, "device ", row->device, ", shape=house, fillcolor=\"#d6e4f0\"", from);
	if (result == PF_OK)
		result = node(lines, "name ", row->name, ", shape=ellipse", to);
	if (result == PF_OK)
		result = edge(lines, from, to, "");
	while (result == PF_OK && (length = via_next(&via, &name))) {
		strcpy(from, to);
		snprintf(text, sizeof text, "%.*s", (int)length, name);
		result = node(lines, "name ", text, ", shape=ellipse", to);
		if (result == PF_OK)
			result = edge(lines, from, to, " [label=\"CNAME\"]");
	}
	strcpy(from, to);
	if (result == PF_OK)
		result = node(lines, "address ", row->address, look_of_address(row->standing), to);
	if (result == PF_OK) {
		snprintf(text, sizeof text, " [label=\"%.20s\"]", row->type);
		result = edge(lines, from, to, text);
	}
	return result == PF_OK ? add_places(lines, row, to) : result;
}

static int dot_end(struct format_run *run)
{
	struct lines *lines = run->state;
	lines_settle(lines);
	out_text(
		run->out,
		"/* What was asked of the DNS, and where the answers stand. An edge between devices and addresses\n"
		"   is an answer, not a connection: DNS can not show whether it was used. */\n"
		"digraph endpoints {\n"
		"\tgraph [rankdir=LR, ranksep=1.2, fontname=\"sans-serif\"];\n"
		"\tnode [style=filled, fillcolor=\"#ffffff\", fontname=\"sans-serif\", fontsize=11];\n"
		"\tedge [color=\"#777777\", fontname=\"sans-serif\", fontsize=9];\n");
	for (size_t i = 0; i < lines->count; i++)
		out_print(run->out, "\t%s;\n", lines->list[i] + 1);
	out_text(run->out, "}\n");
	return PF_OK;
}

const struct format format_dot = {.begin = dot_begin,
                                  .endpoint = dot_endpoint,
                                  .end = dot_end,
                                  .close = dot_close};
