/* Fuzzes the list parser: any bytes as a list, whole and in pieces, then looks its names up again. The first
 * byte chooses the format and the size of the pieces. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists/detect.h"
#include "lists/line.h"
#include "lists/parse.h"
#include "lists/quick.h"

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_list: %s\n", what);
	abort();
}

static void parse_pieces(struct list_index *index, struct list_info *info, const char *text,
                         size_t length, size_t piece)
{
	struct list_parser parser;
	list_parser_init(&parser, index, 0, info);
	for (size_t at = 0; at < length; at += piece) {
		size_t some = length - at < piece ? length - at : piece;
		if (list_parser_feed(&parser, text + at, some) != PF_OK)
			abort();
	}
	if (list_parser_finish(&parser) != PF_OK)
		abort();
}

static void check_name(const struct list_index *index, const struct line_item *item,
                       bool exceptions)
{
	struct list_match match;
	struct list_hit hits[LIST_HITS_MAX];
	struct dns_name name = item->name;
	demand(name.labels > 0 && name.length >= 2, "a name is the root");
	if (!(item->covers & LIST_COVERS_SELF)) {
		if (name.length + 2 > NAME_WIRE_MAX)
			return; /* nothing can be below it */
		memmove(name.wire + 2, name.wire, name.length);
		memcpy(name.wire, "\1x", 2);
		name.length += 2;
		name.labels++;
	}
	list_index_match(index, &name, &match);
	bool excepted = list_set_has(&match.excepted, 0);
	bool held = list_set_has(&match.held, 0) && !excepted;
	size_t count = list_index_find(index, 0, &name, hits);
	bool taken = count > 0;
	for (size_t i = 0; i < count; i++) {
		taken = taken && !(hits[i].covers & LIST_EXCEPTION);
		demand(hits[i].labels && hits[i].labels <= name.labels, "the entry is no tail of the name");
	}
	demand(held == taken, "match and find differ");
	demand(held || exceptions, "a name that was taken is not found");
	demand(!held || !(item->covers & LIST_EXCEPTION), "an exception is held");
}

/* The quick reader says the same as the general one, or nothing. */
static void check_quick(const char *text, size_t length, enum list_format format)
{
	struct line line;
	struct line_item quick, item;
	if (!line_quick(text, length, format, &quick))
		return;
	line_init(&line, text, length, format);
	demand(line_next(&line, &item), "a quick line is none");
	demand(item.kind == ITEM_NAME && quick.kind == ITEM_NAME && item.covers == quick.covers &&
	           dns_name_equal(&item.name, &quick.name) && item.name.labels == quick.name.labels,
	       "the quick reader reads otherwise");
	demand(!line_next(&line, &item), "a quick line has more names");
}

/* Every name that a line lists must be found, unless an exception is about. */
static void check_names(const struct list_index *index, const struct list_info *info,
                        const char *text, size_t length)
{
	const char *end = text + length;
	if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t bytes = (size_t)((stop ? stop : end) - text);
		struct line line;
		struct line_item item;
		size_t items = 0;
		check_quick(text, bytes, info->format);
		line_init(&line, text, bytes, info->format);
		while (line_next(&line, &item)) {
			items++;
			if (item.kind == ITEM_NAME && bytes <= LIST_LINE_BYTES_MAX)
				check_name(index, &item, info->exceptions > 0);
		}
		demand(items > 0, "a line has no item");
		text = stop ? stop + 1 : end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	size_t length = size - 1, piece = 1 + data[0] / 4;
	struct list_info whole = {.format = (enum list_format)(data[0] % 4)};
	struct list_index *index = list_index_new((struct hash_key){data[0]});
	struct list_index *other = list_index_new((struct hash_key){7});
	if (!index || !other)
		abort();
	(void)detect_stranger(text, length);
	if (list_parse(index, 0, &whole, text, length) != PF_OK)
		abort();
	demand(whole.lines + whole.extra_names ==
	           whole.comments + whole.names + whole.exceptions + list_info_skipped(&whole),
	       "the counts do not add up");
	demand(list_index_count(index) == whole.names + whole.exceptions, "the index counts otherwise");
	struct list_info pieces = {.format = whole.format};
	parse_pieces(other, &pieces, text, length, piece);
	demand(!memcmp(&whole, &pieces, sizeof whole), "pieces give other counts than the whole");
	demand(list_index_seal(index) == PF_OK, "no memory");
	check_names(index, &whole, text, length);
	list_index_free(&index);
	list_index_free(&other);
	return 0;
}
