/* Opening and validation of mmdb.h. libmaxminddb trusts what it reads, so that all it will read is read here first. */
#define _GNU_SOURCE /* memfd_create, memmem */
#include "geo/mmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/mmdb_data.h"

#define FILE_BYTES_MAX (2ull << 30) /* City files have 60 MB, the largest commercial ones 1 GB */
#define METADATA_BYTES_MAX \
	(128 << 10) /* of the specification: the marker stands in the last 128 KiB */
#define BUILT_S_MAX 253402300799ull /* the end of the year 9999 */
#define COPY_BYTES 65536

static const char marker[] = "\xab\xcd\xefMaxMind.com";
#define MARKER_BYTES (sizeof marker - 1)

static int fail(char fault[MMDB_FAULT_MAX], int error, const char *format, ...) PF_PRINTF(3, 4);

static int fail(char fault[MMDB_FAULT_MAX], int error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fault, MMDB_FAULT_MAX, format, arguments);
	va_end(arguments);
	return error;
}

/* ---- the file ---------------------------------------------------------------------------- */

/* The metadata behind the last marker, or NULL. */
static const uint8_t *find_metadata(const uint8_t *bytes, size_t size)
{
	size_t tail = size < METADATA_BYTES_MAX ? size : METADATA_BYTES_MAX;
	const uint8_t *at = bytes + size - tail, *end = bytes + size, *found = NULL;
	while ((at = memmem(at, (size_t)(end - at), marker, MARKER_BYTES))) {
		at += MARKER_BYTES;
		found = at;
	}
	return found;
}

bool mmdb_recognise(const char *path)
{
	struct stat info;
	bool found = false;
	uint8_t *bytes = malloc(METADATA_BYTES_MAX);
	int fd = bytes ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode)) {
		off_t start = info.st_size > METADATA_BYTES_MAX ? info.st_size - METADATA_BYTES_MAX : 0;
		ssize_t got = pread(fd, bytes, METADATA_BYTES_MAX, start);
		found = got > 0 && find_metadata(bytes, (size_t)got);
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return found;
}

/* Copies until the end; `size` gets the bytes. */
static int copy(int from, int to, size_t *size)
{
	char bytes[COPY_BYTES];
	for (*size = 0;;) {
		ssize_t got = read(from, bytes, sizeof bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? PF_EIO : PF_OK;
		*size += (size_t)got;
		if (*size > FILE_BYTES_MAX)
			return PF_EFULL;
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(to, bytes + done, (size_t)(got - done));
			if (put < 0 && errno != EINTR)
				return PF_EIO;
			done += put > 0 ? put : 0;
		}
	}
}

/* A copy in memory, as a file descriptor, since the library opens files only. */
static int load(const char *path, int *memory, size_t *size, char fault[MMDB_FAULT_MAX])
{
	struct stat info;
	*memory = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = PF_EINVAL;
	if (fd < 0)
		return fail(fault, error, "%s", strerror(errno));
	if (fstat(fd, &info)) {
		fail(fault, error, "%s", strerror(errno));
	} else if (!S_ISREG(info.st_mode)) {
		fail(fault, error, "it is no file");
	} else if ((*memory = memfd_create("portafilter-geo", MFD_CLOEXEC)) < 0) {
		error = fail(fault, PF_ENOMEM, "there is no memory for a copy of it (%s)", strerror(errno));
	} else {
		error = copy(fd, *memory, size);
		if (error == PF_EFULL)
			fail(fault, error, "it is larger than 2 GB");
		else if (error != PF_OK)
			fail(fault, error, "it can not be copied into memory (%s)", strerror(errno));
		else if (!*size)
			error = fail(fault, PF_EINVAL, "it is empty");
	}
	close(fd);
	return error == PF_OK || error == PF_ENOMEM ? error : PF_EINVAL;
}

/* ---- metadata ---------------------------------------------------------------------------- */

/* Before the library: it would follow whatever the metadata hold. */
static int check_metadata(const uint8_t *bytes, size_t size, char fault[MMDB_FAULT_MAX])
{
	struct mmdb_data data;
	const uint8_t *metadata = find_metadata(bytes, size);
	if (!metadata)
		return fail(fault, PF_EINVAL,
		            "it is no mmdb file, or its end is missing: it has no MaxMind DB metadata");
	if (mmdb_data_init(&data, metadata, (size_t)(bytes + size - metadata)) != PF_OK)
		return fail(fault, PF_ENOMEM, "there is no memory to check it");
	const char *wrong = mmdb_data_is_map(&data, 0) ? mmdb_data_check(&data, 0) : "they are no map";
	/* libmaxminddb before 1.12 loses some kilobytes each time it meets another type there. */
	if (!wrong && (!mmdb_data_holds_texts(&data, 0, "languages") ||
	               !mmdb_data_holds_texts(&data, 0, "description")))
		wrong = "a language or description is no text";
	mmdb_data_deinit(&data);
	return wrong ? fail(fault, PF_EINVAL, "its metadata are corrupt: %s", wrong) : PF_OK;
}

/* Numbers that the library believes: its own check of the tree's size can wrap around. */
static int check_numbers(const MMDB_s *mmdb, size_t size, char fault[MMDB_FAULT_MAX])
{
	const MMDB_metadata_s *metadata = &mmdb->metadata;
	uint64_t tree = (uint64_t)metadata->node_count * metadata->record_size / 4;
	if (!metadata->node_count)
		return fail(fault, PF_EINVAL, "it has no entries");
	if (tree > size)
		return fail(fault, PF_EINVAL,
		            "it is truncated: its search tree needs %llu bytes, the file has %zu",
		            (unsigned long long)tree, size);
	if (metadata->build_epoch > BUILT_S_MAX)
		return fail(fault, PF_EINVAL, "the day of its build does not exist");
	return PF_OK;
}

/* ---- the tree and the data --------------------------------------------------------------- */

struct validation {
	const MMDB_s *mmdb;
	struct mmdb_data data;
	bool (*useful)(MMDB_entry_s *entry);
	size_t useful_count;
	const char *wrong; /* NULL: nothing yet */
};

static void check_record(struct validation *v, uint8_t type, MMDB_entry_s *entry)
{
	if (type == MMDB_RECORD_TYPE_INVALID)
		v->wrong = "its search tree has a record that points nowhere";
	if (v->wrong || type != MMDB_RECORD_TYPE_DATA)
		return;
	if (entry->offset >= v->data.size) {
		v->wrong = "its search tree has a record that points out of the data";
		return;
	}
	if (mmdb_data_seen(&v->data, entry->offset))
		return;
	v->wrong = mmdb_data_check(&v->data, entry->offset);
	if (!v->wrong)
		v->useful_count += v->useful(entry);
}

/* Every node by its number: no recursion, and a loop in the tree can not hold up the walk; look-ups are
 * bounded by the length of an address. */
static void check_tree(struct validation *v)
{
	for (uint32_t i = 0; i < v->mmdb->metadata.node_count && !v->wrong; i++) {
		MMDB_search_node_s node;
		if (MMDB_read_node(v->mmdb, i, &node) != MMDB_SUCCESS) {
			v->wrong = "its search tree can not be read to its end";
			return;
		}
		check_record(v, node.left_record_type, &node.left_record_entry);
		check_record(v, node.right_record_type, &node.right_record_entry);
	}
}

static int validate(const MMDB_s *mmdb, bool (*useful)(MMDB_entry_s *entry), size_t *useful_count,
                    char fault[MMDB_FAULT_MAX])
{
	const uint8_t *bytes = mmdb->file_content;
	const uint8_t *metadata = find_metadata(bytes, (size_t)mmdb->file_size);
	struct validation v = {.mmdb = mmdb, .useful = useful};
	if (mmdb->data_section > metadata - MARKER_BYTES)
		return fail(fault, PF_EINVAL, "it is truncated: its search tree reaches into the metadata");
	size_t size = (size_t)(metadata - MARKER_BYTES - mmdb->data_section);
	if (mmdb_data_init(&v.data, mmdb->data_section, size) != PF_OK)
		return fail(fault, PF_ENOMEM, "there is no memory to check it");
	check_tree(&v);
	mmdb_data_deinit(&v.data);
	*useful_count = v.useful_count;
	return v.wrong ? fail(fault, PF_EINVAL, "it is corrupt: %s", v.wrong) : PF_OK;
}

/* ---- opening ----------------------------------------------------------------------------- */

static int check_before(int fd, size_t size, char fault[MMDB_FAULT_MAX])
{
	void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return fail(fault, PF_ENOMEM, "it can not be mapped (%s)", strerror(errno));
	int error = check_metadata(bytes, size, fault);
	munmap(bytes, size);
	return error;
}

static int open_copy(int fd, MMDB_s *mmdb, char fault[MMDB_FAULT_MAX])
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int status = MMDB_open(path, MMDB_MODE_MMAP, mmdb);
	if (status == MMDB_SUCCESS)
		return PF_OK;
	if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR)
		return fail(fault, PF_EINVAL, "its copy %s can not be opened (%s)", path, strerror(errno));
	return fail(fault, status == MMDB_OUT_OF_MEMORY_ERROR ? PF_ENOMEM : PF_EINVAL,
	            "it is corrupt: %s", MMDB_strerror(status));
}

int mmdb_open(const char *path, bool (*useful)(MMDB_entry_s *entry), MMDB_s *mmdb,
              size_t *useful_count, char fault[MMDB_FAULT_MAX])
{
	int fd;
	size_t size = 0;
	int error = load(path, &fd, &size, fault);
	if (error == PF_OK)
		error = check_before(fd, size, fault);
	if (error == PF_OK)
		error = open_copy(fd, mmdb, fault);
	if (fd >= 0)
		close(fd);
	if (error != PF_OK)
		return error;
	error = check_numbers(mmdb, size, fault);
	if (error == PF_OK)
		error = validate(mmdb, useful, useful_count, fault);
	if (error != PF_OK)
		MMDB_close(mmdb);
	return error;
}

int64_t mmdb_built_us(const MMDB_s *mmdb)
{
	return (int64_t)mmdb->metadata.build_epoch * 1000000;
}
