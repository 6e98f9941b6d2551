/* The assignments of vendor.h: one sorted array for each length, names in one pool, each once for a run of lines
 * that name the same. */
#include "device/vendor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"

#define LENGTHS 3
#define POOL_BYTES_MAX (64u << 20)

struct assignment {
	uint64_t prefix; /* its first 24, 28 or 36 bits as a number */
	uint32_t name;   /* offset in the pool */
};

struct vendors {
	size_t count[LENGTHS], room[LENGTHS];
	struct assignment *list[LENGTHS];
	struct buffer pool;
	uint64_t looks; /* of the files when they were read; 0: not to be kept */
};

static const struct {
	const char *file;
	unsigned digits;
} kinds[LENGTHS] = {{"oui.csv", 6}, {"mam.csv", 7}, {"oui36.csv", 9}};

/* ---- reading ----------------------------------------------------------------------------- */

/* The field at `*at`, unquoted and cut to `size`; `*at` moves behind its comma, or to the line's end. */
static void take_field(const char **at, const char *end, char *field, size_t size)
{
	size_t used = 0;
	const char *from = *at;
	bool quoted = from < end && *from == '"';
	from += quoted;
	while (from < end) {
		if (quoted && *from == '"') {
			if (from + 1 == end || from[1] != '"') {
				quoted = false;
				from++;
				continue;
			}
			from++;
		} else if (!quoted && *from == ',') {
			break;
		}
		if (used + 1 < size)
			field[used++] = *from;
		from++;
	}
	while (used && (field[used - 1] == ' ' || field[used - 1] == '\r'))
		used--;
	field[used] = '\0';
	*at = from < end ? from + 1 : end;
}

static bool grow(struct vendors *vendors, size_t kind)
{
	if (vendors->count[kind] < vendors->room[kind])
		return true;
	size_t room = vendors->room[kind] ? vendors->room[kind] * 2 : 1024;
	struct assignment *grown = realloc(vendors->list[kind], room * sizeof *grown);
	if (!grown)
		return false;
	vendors->list[kind] = grown;
	vendors->room[kind] = room;
	return true;
}

/* "MA-L,002272,American Micro-Fuel Device Corp.,…" */
static int take_line(struct vendors *vendors, size_t kind, const char *at, const char *end)
{
	char registry[16], digits[16], name[VENDOR_NAME_MAX];
	take_field(&at, end, registry, sizeof registry);
	take_field(&at, end, digits, sizeof digits);
	take_field(&at, end, name, sizeof name);
	if (strlen(digits) != kinds[kind].digits ||
	    strspn(digits, "0123456789abcdefABCDEF") != kinds[kind].digits || !name[0])
		return PF_OK; /* the head, or nobody's */
	if (!grow(vendors, kind))
		return PF_ENOMEM;
	struct buffer *pool = &vendors->pool;
	struct assignment *made = &vendors->list[kind][vendors->count[kind]];
	uint32_t before = vendors->count[kind] ? made[-1].name : 0;
	made->prefix = strtoull(digits, NULL, 16);
	made->name = (uint32_t)pool->length;
	if (vendors->count[kind] && !strcmp(pool->data + before, name))
		made->name = before;
	else
		buffer_append(pool, name, strlen(name) + 1);
	vendors->count[kind]++;
	return pool->failed ? PF_ENOMEM : PF_OK;
}

static int read_text(struct vendors *vendors, size_t kind, const char *text, size_t length)
{
	const char *end = text + length;
	int error = PF_OK;
	while (text < end && error == PF_OK) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		if (!line_end)
			line_end = end;
		error = take_line(vendors, kind, text, line_end);
		text = line_end + 1;
	}
	return error;
}

static int read_file(struct vendors *vendors, size_t kind, const char *path, struct diag *diag)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return PF_OK;
	const char *fault = fd < 0 || fstat(fd, &status) ? strerror(errno) : NULL;
	if (!fault && (!S_ISREG(status.st_mode) || status.st_size > VENDOR_FILE_BYTES_MAX))
		fault = "it is no file of at most 64 MiB";
	int error = PF_OK;
	char *text;
	if (!fault && status.st_size) {
		/* read, not mapped: whoever shortens the file meanwhile must not end us */
		text = malloc((size_t)status.st_size);
		ssize_t got = text ? read(fd, text, (size_t)status.st_size) : 0;
		error = !text ? PF_ENOMEM : got > 0 ? read_text(vendors, kind, text, (size_t)got) : PF_OK;
		free(text);
	}
	if (fault)
		diag_warning(diag, path, 0, 0, "the file can not be read (%s); its vendors have no names",
		             fault);
	if (fd >= 0)
		close(fd);
	return error;
}

static int by_prefix(const void *a, const void *b)
{
	const struct assignment *x = a, *y = b;
	return x->prefix < y->prefix ? -1 : x->prefix > y->prefix;
}

/* What the files of a folder look like; another number when one has changed. */
static uint64_t look_at(const char *folder)
{
	uint64_t sum = hash_bytes((struct hash_key){1}, folder, strlen(folder));
	for (size_t kind = 0; kind < LENGTHS; kind++) {
		char path[4096];
		struct stat info;
		uint64_t looks[4] = {0};
		snprintf(path, sizeof path, "%s/%s", folder, kinds[kind].file);
		if (!stat(path, &info)) {
			looks[0] = info.st_ino;
			looks[1] = (uint64_t)info.st_size;
			looks[2] = (uint64_t)info.st_mtim.tv_sec << 30 | (uint64_t)info.st_mtim.tv_nsec;
			looks[3] = (uint64_t)info.st_ctim.tv_sec << 30 | (uint64_t)info.st_ctim.tv_nsec;
		}
		sum = hash_bytes((struct hash_key){sum}, looks, sizeof looks);
	}
	return sum;
}

bool vendors_are_current(const struct vendors *vendors, const char *folder)
{
	return vendors && vendors->looks == look_at(folder);
}

int vendors_load(const char *folder, struct diag *diag, struct vendors **out)
{
	struct vendors *vendors = calloc(1, sizeof *vendors);
	int error = vendors ? PF_OK : PF_ENOMEM;
	size_t warnings = diag->warnings;
	*out = NULL;
	if (vendors) {
		buffer_init(&vendors->pool, POOL_BYTES_MAX);
		vendors->looks =
			look_at(folder); /* before they are read: what changes meanwhile has changed */
	}
	for (size_t kind = 0; kind < LENGTHS && error == PF_OK; kind++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", folder, kinds[kind].file);
		error = read_file(vendors, kind, path, diag);
		if (error == PF_OK && vendors->count[kind])
			qsort(vendors->list[kind], vendors->count[kind], sizeof(struct assignment), by_prefix);
	}
	if (error != PF_OK) {
		vendors_free(&vendors);
		return error;
	}
	if (diag->warnings != warnings)
		vendors->looks = 0; /* read again each time, so that it is told each time */
	*out = vendors;
	return PF_OK;
}

void vendors_free(struct vendors **vendors)
{
	struct vendors *old = *vendors;
	if (!old)
		return;
	for (size_t kind = 0; kind < LENGTHS; kind++)
		free(old->list[kind]);
	buffer_deinit(&old->pool);
	free(old);
	*vendors = NULL;
}

/* ---- asking ------------------------------------------------------------------------------ */

const char *vendor_of(const struct vendors *vendors, const struct mac *mac)
{
	if (!vendors || mac_is_local(mac))
		return "";
	uint64_t bits = 0;
	for (size_t i = 0; i < sizeof mac->bytes; i++)
		bits = bits << 8 | mac->bytes[i];
	for (size_t kind = LENGTHS; kind-- > 0;) {
		struct assignment wanted = {.prefix = bits >> (48 - 4 * kinds[kind].digits)};
		const struct assignment *found =
			vendors->count[kind] ? bsearch(&wanted, vendors->list[kind], vendors->count[kind],
		                                   sizeof wanted, by_prefix)
								 : NULL;
		if (found)
			return vendors->pool.data + found->name;
	}
	return "";
}

size_t vendors_count(const struct vendors *vendors)
{
	size_t count = 0;
	for (size_t kind = 0; vendors && kind < LENGTHS; kind++)
		count += vendors->count[kind];
	return count;
}
