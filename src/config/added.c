/* Where added rules are found, and whether the file is one. */
#include "config/added.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "config/sections.h"
#include "config/text.h"

#define ADDED_BYTES_MAX (1u << 20)

static char *path_of(struct reader *reader)
{
	const char *state = reader->config->state;
	size_t size = state ? strlen(state) + sizeof "/" CONFIG_ADDED_RULES : 0;
	char *path = state ? malloc(size) : NULL;
	if (path)
		snprintf(path, size, "%s/%s", state, CONFIG_ADDED_RULES);
	else
		reader->no_memory = true;
	return path;
}

/* False: there is nothing to read, and if that is odd it was told. */
static bool read_file(struct reader *reader, const char *path, struct buffer *text)
{
	char piece[4096];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd >= 0 && (got = read(fd, piece, sizeof piece)) > 0 && !text->failed)
		buffer_append(text, piece, (size_t)got);
	int cause = errno;
	if (fd >= 0)
		close(fd);
	if (fd < 0 && (cause == ENOENT || cause == ENOTDIR))
		return false;
	if (fd < 0 && cause == EACCES)
		diag_warning(reader->diag, path, 0, 0,
		             "the rules that people added can not be read by this user, and are left out");
	else if (fd < 0 || got < 0)
		diag_error(reader->diag, path, 0, 0, "the rules that people added can not be read: %s",
		           strerror(cause));
	else if (text->failed)
		diag_error(reader->diag, path, 0, 0, "the file is larger than %u bytes", ADDED_BYTES_MAX);
	return fd >= 0 && got == 0 && !text->failed;
}

static void parse(struct reader *reader, struct added *added, const char *text, size_t length)
{
	int error = text_check(added->file, &text, &length, reader->diag);
	if (error == PF_OK)
		error = tree_parse(&added->tree, added->file, text, length, reader->diag);
	if (error == PF_ENOMEM)
		reader->no_memory = true;
	const struct node *root = error == PF_OK ? added->tree.root : NULL;
	if (!root)
		return;
	added->rules = node_find(root, "rules");
	if (!added->rules || root->count != 1)
		diag_error(reader->diag, added->file, root->pos.line, root->pos.column,
		           "this file holds the key `rules` and nothing else");
}

void added_open(struct reader *reader, struct added *added)
{
	struct buffer text;
	*added = (struct added){0};
	default_state(reader);
	added->file = reader->config->added_path = path_of(reader);
	if (!added->file)
		return;
	if (reader->added) {
		parse(reader, added, reader->added, strlen(reader->added));
		return;
	}
	buffer_init(&text, ADDED_BYTES_MAX);
	if (read_file(reader, added->file, &text))
		parse(reader, added, text.data ? text.data : "", text.length);
	buffer_deinit(&text);
}

void added_close(struct added *added)
{
	tree_deinit(&added->tree);
}
