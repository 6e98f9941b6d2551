/* The tree of node.h, built from libyaml's events rather than from its documents: so depth and
 * number of nodes are bounded while the file is read and not afterwards. */
#include "config/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
	struct tree *tree;
	const char *file;
	struct diag *diag;
	size_t depth;
	size_t documents;
	struct node *open[CONFIG_DEPTH_MAX]; /* the lists and mappings that we are inside of */
	bool wants_value[CONFIG_DEPTH_MAX];  /* of an open mapping: its last child is a key */
};

static struct config_pos position(const yaml_mark_t *mark)
{
	return (struct config_pos){(unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

#define told(builder, pos, ...) \
	diag_error((builder)->diag, (builder)->file, (pos).line, (pos).column, __VA_ARGS__)

static int add_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event,
                    struct node **out)
{
	struct tree *tree = builder->tree;
	struct config_pos pos = position(&event->start_mark);
	if (tree->count == NODE_COUNT_MAX) {
		told(builder, pos, "the file holds more than %u keys and values", NODE_COUNT_MAX);
		return PF_EINVAL;
	}
	size_t length = kind == NODE_SCALAR ? event->data.scalar.length : 0;
	struct node *node = calloc(1, sizeof *node + length + 1);
	if (!node)
		return PF_ENOMEM;
	node->kind = kind;
	node->pos = pos;
	if (length)
		memcpy(node->text, event->data.scalar.value, length);
	node->older = tree->newest;
	tree->newest = node;
	tree->count++;
	*out = node;
	if (!builder->depth) {
		tree->root = node;
		return PF_OK;
	}
	struct node *parent = builder->open[builder->depth - 1];
	bool *wants_value = &builder->wants_value[builder->depth - 1];
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	if (parent->kind != NODE_MAPPING || *wants_value)
		parent->count++;
	*wants_value = !*wants_value;
	return PF_OK;
}

/* `location: !CN` without quotes is a YAML tag, and `&a` an anchor: both would be lost in silence. */
static bool is_decorated(struct builder *builder, const yaml_event_t *event,
                         const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct config_pos pos = position(&event->start_mark);
	if (anchor)
		told(builder, pos,
		     "anchors (`&%.64s`) are not read here; text that begins with & needs quotes", anchor);
	if (tag)
		told(builder, pos,
		     "YAML tags are not read here; text that begins with ! needs quotes, like \"%.64s\"",
		     tag);
	return anchor || tag;
}

static int control_byte(const unsigned char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return text[i];
		if (text[i] == 0xc2 && i + 1 < length && text[i + 1] < 0xa0)
			return text[i + 1];
	}
	return -1;
}

static int take_scalar(struct builder *builder, const yaml_event_t *event)
{
	bool refused = is_decorated(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
	int control = control_byte(event->data.scalar.value, event->data.scalar.length);
	if (control >= 0) {
		told(
			builder, position(&event->start_mark),
			"the text holds the control character U+%04X; write it on one line without such characters",
			(unsigned)control);
		refused = true;
	}
	struct node *node;
	int error = add_node(builder, refused ? NODE_REFUSED : NODE_SCALAR, event, &node);
	if (error == PF_OK)
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return error;
}

static int take_start(struct builder *builder, const yaml_event_t *event, enum node_kind kind)
{
	bool refused = kind == NODE_LIST
	                   ? is_decorated(builder, event, event->data.sequence_start.anchor,
	                                  event->data.sequence_start.tag)
	                   : is_decorated(builder, event, event->data.mapping_start.anchor,
	                                  event->data.mapping_start.tag);
	if (builder->depth == CONFIG_DEPTH_MAX) {
		told(builder, position(&event->start_mark), "lists and mappings are nested deeper than %d",
		     CONFIG_DEPTH_MAX);
		return PF_EINVAL;
	}
	struct node *node;
	int error = add_node(builder, kind, event, &node);
	if (error != PF_OK)
		return error;
	builder->open[builder->depth] = node;
	builder->wants_value[builder->depth++] = false;
	/* Children are still counted and linked; nobody looks at them. */
	if (refused)
		node->kind = NODE_REFUSED;
	return PF_OK;
}

static int take_alias(struct builder *builder, const yaml_event_t *event)
{
	told(
		builder, position(&event->start_mark),
		"aliases (`*%.64s`) are not read here; text that begins with * needs quotes, like \"*.example.com\"",
		event->data.alias.anchor);
	struct node *node;
	return add_node(builder, NODE_REFUSED, event, &node);
}

/* Takes one event; PF_ENOENT at the end of the file. */
static int take_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT: return take_scalar(builder, event);
	case YAML_ALIAS_EVENT: return take_alias(builder, event);
	case YAML_SEQUENCE_START_EVENT: return take_start(builder, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT: return take_start(builder, event, NODE_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: builder->depth--; return PF_OK;
	case YAML_DOCUMENT_START_EVENT:
		if (builder->documents++ == 0)
			return PF_OK;
		told(builder, position(&event->start_mark),
		     "a second document begins here; a configuration is one document");
		return PF_EINVAL;
	case YAML_STREAM_END_EVENT: return PF_ENOENT;
	default: return PF_OK;
	}
}

/* libyaml's own words, and help with the two slips that they do not explain. */
static int tell_syntax(struct builder *builder, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return PF_ENOMEM;
	const char *context = parser->context ? parser->context : "";
	const char *problem = parser->problem ? parser->problem : "not YAML";
	const char *hint = "";
	if (strstr(context, "alias"))
		hint = "; text that begins with * needs quotes, like \"*.example.com\"";
	else if (strstr(problem, "cannot start any token"))
		hint =
			"; text that begins with a tab, @, ` or % needs quotes, and lines are indented with blanks";
	else if (strstr(problem, "tab character"))
		hint = "; lines are indented with blanks";
	else if (strstr(problem, "mapping values are not allowed"))
		hint = "; text with \": \" in it needs quotes";
	told(builder, position(&parser->problem_mark), "this is not YAML: %s%s%s%s", problem,
	     *context ? " " : "", context, hint);
	return PF_EINVAL;
}

static int read_events(struct builder *builder, yaml_parser_t *parser)
{
	int error = PF_OK;
	while (error == PF_OK) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return tell_syntax(builder, parser);
		error = take_event(builder, &event);
		yaml_event_delete(&event);
	}
	return error == PF_ENOENT ? PF_OK : error;
}

int tree_parse(struct tree *tree, const char *file, const char *text, size_t length,
               struct diag *diag)
{
	*tree = (struct tree){0};
	struct builder builder = {.tree = tree, .file = file, .diag = diag};
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return PF_ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	int error = read_events(&builder, &parser);
	yaml_parser_delete(&parser);
	if (error == PF_OK && tree->root && node_is_empty(tree->root))
		tree->root = NULL;
	return error;
}

void tree_deinit(struct tree *tree)
{
	for (struct node *node = tree->newest, *older; node; node = older) {
		older = node->older;
		free(node);
	}
	*tree = (struct tree){0};
}

bool node_is_empty(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->plain && (!*node->text || !strcmp(node->text, "~"));
}

const char *node_kind_words(const struct node *node)
{
	if (node_is_empty(node))
		return "nothing";
	switch (node->kind) {
	case NODE_LIST: return "a list";
	case NODE_MAPPING: return "a mapping";
	default: return "text";
	}
}

const struct node *node_find(const struct node *mapping, const char *key)
{
	if (mapping->kind != NODE_MAPPING)
		return NULL;
	for (const struct node *node = mapping->first; node && node->next; node = node->next->next)
		if (node->kind == NODE_SCALAR && !strcmp(node->text, key))
			return node->next;
	return NULL;
}
