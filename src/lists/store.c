/* The cache file of store.h. All numbers are the machine's own: another machine's build has another id. */
#include "lists/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "lists/state.h"

#define STORE_VERSION 4
/* Of 256 lists with paths and warnings; what they say of themselves takes under 1 KB each. */
#define LISTS_BYTES_MAX ((size_t)4 << 20)
#define TEXT_BYTES_MAX 65536
#define WARNINGS_MAX 10000

static const struct own_kind kind = {"portafilter idx", STORE_VERSION, STORE_HEADER_BYTES};

struct header {
	struct own_header own;
	uint64_t list_count, warning_count;
	uint64_t block_bytes, lists_bytes;
	uint64_t detail_count;
	struct list_set beyond;
	struct sealed_shape shape;
};
_Static_assert(sizeof(struct header) <= STORE_HEADER_BYTES, "the block begins behind it");

/* ---- writing ------------------------------------------------------------------------------ */

static void append_text(struct buffer *buffer, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);
	buffer_append(buffer, &length, sizeof length);
	buffer_append(buffer, text, length);
}

static void append_lists(struct buffer *buffer, const struct lists *lists)
{
	for (size_t i = 0; i < lists->count; i++) {
		struct list_info info = lists->infos[i];
		info.name = info.file = NULL;
		buffer_append(buffer, &info, sizeof info);
		append_text(buffer, lists->infos[i].name);
		append_text(buffer, lists->infos[i].file);
	}
	for (size_t i = 0; i < lists->warning_count; i++) {
		buffer_append(buffer, &lists->warnings[i].list, sizeof lists->warnings[i].list);
		append_text(buffer, lists->warnings[i].text);
	}
}

/* What a file consists of beside the index, in this order. */
struct parts {
	char header[STORE_HEADER_BYTES];
	struct buffer lists;
};

static int write_parts(const char *path, struct parts *parts, const struct lists *lists,
                       char why[STORE_WHY_MAX])
{
	const struct sealed *sealed = list_index_sealed(lists->tables.index);
	append_lists(&parts->lists, lists);
	if (parts->lists.failed)
		return PF_ENOMEM;
	const struct header header = {
		.list_count = lists->count,
		.warning_count = lists->warning_count,
		.block_bytes = sealed_bytes(&sealed->shape),
		.lists_bytes = parts->lists.length,
		.detail_count = list_details_count(lists->tables.details),
		.beyond = lists->tables.beyond,
		.shape = sealed->shape,
	};
	const struct own_piece rest[] = {
		{sealed->filter, header.block_bytes}, /* the block, of which it is the beginning */
		{parts->lists.data, parts->lists.length},
	};
	memcpy(parts->header, &header, sizeof header);
	return own_file_write(path, &kind, parts->header, rest, PF_COUNT(rest), why);
}

int store_write(const char *path, const struct lists *lists, char why[STORE_WHY_MAX])
{
	struct parts *parts = calloc(1, sizeof *parts);
	if (!parts)
		return PF_ENOMEM;
	buffer_init(&parts->lists, LISTS_BYTES_MAX);
	int error = write_parts(path, parts, lists, why);
	buffer_deinit(&parts->lists);
	free(parts);
	return error;
}

/* ---- reading ------------------------------------------------------------------------------ */

void store_stamp(void *bytes, size_t length)
{
	own_file_stamp(bytes, length, &kind);
}

static const char *header_fault(const struct header *header, size_t length)
{
	if (header->list_count > LIST_MAX || header->warning_count > WARNINGS_MAX ||
	    header->lists_bytes > LISTS_BYTES_MAX || header->block_bytes > length ||
	    header->block_bytes + header->lists_bytes != length - STORE_HEADER_BYTES ||
	    !sealed_shape_fits(&header->shape, header->block_bytes))
		return "is damaged: its parts do not fit";
	for (size_t list = header->list_count; list < LIST_MAX; list++)
		if (list_set_has(&header->beyond, list))
			return "is damaged: it speaks of lists that it does not have";
	return NULL;
}

static bool format_is_known(enum list_format format)
{
	return (unsigned)format < LIST_FORMAT_COUNT;
}

/* The part that tells of the lists, as far as it is read. */
struct cursor {
	const char *at, *end;
};

static bool take_bytes(struct cursor *cursor, void *to, size_t length)
{
	if ((size_t)(cursor->end - cursor->at) < length)
		return false;
	memcpy(to, cursor->at, length);
	cursor->at += length;
	return true;
}

/* NULL when there is none, or no memory for it. */
static char *take_text(struct cursor *cursor)
{
	uint32_t length;
	if (!take_bytes(cursor, &length, sizeof length) || length > TEXT_BYTES_MAX ||
	    (size_t)(cursor->end - cursor->at) < length || memchr(cursor->at, '\0', length))
		return NULL;
	char *text = strndup(cursor->at, length);
	cursor->at += length;
	return text;
}

static bool take_list(struct cursor *cursor, struct list_info *info)
{
	struct list_info stored;
	if (!take_bytes(cursor, &stored, sizeof stored))
		return false;
	stored.name = stored.file = NULL;
	*info = stored;
	info->name = take_text(cursor);
	info->file = info->name ? take_text(cursor) : NULL;
	return info->file && format_is_known(info->format) && format_is_known(info->format_given);
}

static bool take_lists(struct lists *lists, const struct header *header, const char *at)
{
	struct cursor cursor = {at, at + header->lists_bytes};
	lists->infos = calloc(header->list_count + 1, sizeof *lists->infos);
	lists->warnings = calloc(header->warning_count + 1, sizeof *lists->warnings);
	if (!lists->infos || !lists->warnings)
		return false;
	for (size_t i = 0; i < header->list_count; i++) {
		lists->count = i + 1;
		if (!take_list(&cursor, &lists->infos[i]))
			return false;
	}
	for (size_t i = 0; i < header->warning_count; i++) {
		struct list_warning *warning = &lists->warnings[i];
		lists->warning_count = i + 1;
		if (!take_bytes(&cursor, &warning->list, sizeof warning->list) ||
		    warning->list >= header->list_count || !(warning->text = take_text(&cursor)))
			return false;
	}
	return cursor.at == cursor.end;
}

int store_read(const void *bytes, size_t length, struct lists **out, char why[STORE_WHY_MAX])
{
	struct header header;
	struct sealed sealed;
	*out = NULL;
	int error = own_file_check(bytes, length, &kind, why);
	if (error != PF_OK)
		return error;
	memcpy(&header, bytes, sizeof header);
	const char *fault = header_fault(&header, length);
	if (fault)
		return own_file_fail(why, PF_EINVAL, fault);
	const char *block = (const char *)bytes + STORE_HEADER_BYTES;
	sealed_attach(&sealed, &header.shape, block);
	if (!sealed_is_sound(&sealed, header.list_count, header.detail_count))
		return own_file_fail(why, PF_EINVAL, "is damaged: a number in it can not be");
	struct lists *lists = calloc(1, sizeof *lists);
	if (!lists)
		return PF_ENOMEM;
	lists->references = 1;
	lists->origin = LISTS_MAPPED;
	lists->key = (struct hash_key){header.shape.seed};
	tag_table_init(&lists->tags);
	if (list_tables_init(&lists->tables, list_index_over(&sealed), &lists->tags) != PF_OK ||
	    !take_lists(lists, &header, block + header.block_bytes)) {
		lists_free(&lists);
		return own_file_fail(why, PF_EINVAL,
		                     "is damaged: what it says of the lists can not be read");
	}
	lists->tables.names_known = true;
	lists->beyond = header.beyond;
	lists->detail_count = header.detail_count;
	*out = lists;
	return PF_OK;
}

int store_open(const char *path, struct lists **out, char why[STORE_WHY_MAX])
{
	struct own_file map;
	*out = NULL;
	int error = own_file_map(&map, path, STORE_HEADER_BYTES, why);
	if (error != PF_OK)
		return error;
	error = store_read(map.bytes, map.length, out, why);
	if (error == PF_OK)
		(*out)->map = map;
	else
		own_file_unmap(&map);
	return error;
}
