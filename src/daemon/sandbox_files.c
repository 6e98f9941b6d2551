/* Which files the daemon may open: what the system needs and what the configuration names is read, the folders of what it
 * keeps are written. Folders, not files, since whoever writes a list or a database renames a new one into
 * its place. Landlock's calls have no functions in glibc 2.36. */
#define _GNU_SOURCE /* O_PATH */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/recursion_text.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define TRUNCATE (1ULL << 14) /* version 3 */
#define REFER (1ULL << 13)    /* version 2: from one folder into another */
#define WRITE                                                                                    \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                     \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | TRUNCATE | REFER)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define OF_FILES                                                                                 \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | \
	 TRUNCATE)

struct fence {
	int ruleset;
	uint64_t handled;
	int error; /* the first errno */
};

static uint64_t handled_by(int version)
{
	uint64_t rights = RUN | WRITE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
	if (version < 3)
		rights &= ~TRUNCATE;
	if (version < 2)
		rights &= ~REFER;
	return rights;
}

/* What is not there can not be opened. */
static void open_up(struct fence *fence, const char *path, uint64_t rights)
{
	struct stat info;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &info) && !S_ISDIR(info.st_mode))
		rights &= OF_FILES;
	struct landlock_path_beneath_attr beneath = {.allowed_access = rights & fence->handled,
	                                             .parent_fd = fd};
	if (syscall(SYS_landlock_add_rule, fence->ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) &&
	    !fence->error)
		fence->error = errno;
	close(fd);
}

/* The folder that a file stands in, and the one that it really stands in when there is a link. A file that stands in the root
 * folder is opened alone. */
static void open_folder_of(struct fence *fence, const char *file, uint64_t rights)
{
	char path[PATH_MAX], real[PATH_MAX];
	if (!file || strlen(file) >= sizeof path)
		return;
	strcpy(path, file);
	const char *folder = dirname(path);
	open_up(fence, strcmp(folder, "/") ? folder : file, rights);
	if (!realpath(file, real))
		return;
	folder = dirname(strcpy(path, real));
	open_up(fence, strcmp(folder, "/") ? folder : real, rights);
}

static void open_paths(struct fence *fence, const struct config_path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		open_folder_of(fence, paths[i].path, READ);
}

/* Libraries, zones, certificates of authorities; what /etc and /proc tell of the machine; the name servers of resolv.conf. */
static void open_system(struct fence *fence)
{
	static const char *const folders[] = {"/usr",         "/lib",
	                                      "/lib64",       "/etc",
	                                      "/proc",        "/sys/devices/system",
	                                      "/dev/urandom", "/run/systemd/resolve"};
	for (size_t i = 0; i < PF_COUNT(folders); i++)
		open_up(fence, folders[i], READ);
	/* Names of files may be seen: libuv keeps a descriptor in reserve against running out of them, and it is of "/". */
	open_up(fence, "/", LANDLOCK_ACCESS_FS_READ_DIR);
	open_up(fence, "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	open_folder_of(fence, "/etc/resolv.conf", READ);
}

static int interpreter_of(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)data = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1; /* the program itself comes first */
}

/* The program that may take our place, and what loads it. Their folders, since an upgrade brings new files. */
static void open_program(struct fence *fence)
{
	char program[PATH_MAX];
	const char *interpreter = NULL;
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	if (length > 0) {
		program[length] = '\0';
		open_folder_of(fence, program, RUN);
	}
	dl_iterate_phdr(interpreter_of, &interpreter);
	open_folder_of(fence, interpreter, RUN);
}

static void open_authorities(struct fence *fence, const struct upstream_target *upstreams,
                             size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (upstreams[i].secure)
			open_folder_of(fence, upstreams[i].secure->ca_file, READ);
}

static void open_configured(struct fence *fence, const struct config *config)
{
	open_folder_of(fence, config->file, READ);
	open_paths(fence, config->geo.location, config->geo.location_count);
	open_paths(fence, config->geo.control, config->geo.control_count);
	open_paths(fence, config->geo.anycast, config->geo.anycast_count);
	open_folder_of(fence, config->hosts_file, READ);
	open_folder_of(fence, config->recognise_path, READ);
	open_folder_of(fence, config->certificate.file, READ);
	open_folder_of(fence, config->certificate.key, READ);
	open_folder_of(fence, config->certificate.clients, READ);
	open_folder_of(fence, config->web.certificate, READ);
	open_folder_of(fence, config->web.key, READ);
	open_folder_of(fence, config->recursion.hints, READ);
	open_folder_of(fence, config->recursion.anchor, READ);
	open_authorities(fence, config->upstreams, config->upstream_count);
	open_authorities(fence, config->recursion.forwards, config->recursion.forward_count);
	for (size_t i = 0; i < config->forward_count; i++)
		open_authorities(fence, config->forwards[i].upstreams, config->forwards[i].upstream_count);
	if (config->vendors)
		open_up(fence, config->vendors, READ);
	for (size_t i = 0; i < config->lease_file_count; i++)
		open_folder_of(fence, config->lease_files[i].path, READ);
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];
		open_folder_of(fence, list->file, READ);
		open_folder_of(fence, list->ca_file, READ);
		open_folder_of(fence, list->rpz ? list->rpz->secret_file : NULL, READ);
		if (list->url && !strncmp(list->url, "file://", 7))
			open_folder_of(fence, list->url + 7, READ);
	}
	for (size_t i = 0; i < config->notify_count; i++) {
		open_folder_of(fence, config->notify[i].secret_file, READ);
		open_folder_of(fence, config->notify[i].ca_file, READ);
	}
}

static void open_kept(struct fence *fence, const struct config *config)
{
	open_up(fence, config->state, WRITE);
	open_folder_of(fence, config->control_socket, WRITE);
	/* without a journal too: the lists' cache stands where it would be */
	open_folder_of(fence, config->journal_path, WRITE);
	if (config->journal_enabled || config->sink_count)
		open_folder_of(fence, config->journal_rings, WRITE);
	for (size_t i = 0; i < config->sink_count; i++)
		open_folder_of(fence, config->sinks[i].path, WRITE);
}

/* Its libraries, its program, its folder, and what its first configuration is made of. Nothing of the daemon's, and nothing of the machine. */
static void open_for_recursor(struct fence *fence, const struct config *config)
{
	static const char *const paths[] = {
		"/usr/lib",
		"/lib",
		"/lib64",
		"/usr/local/lib",
		"/etc/ld.so.cache",
		"/etc/ld.so.preload",
		"/etc/ssl/openssl.cnf",
		"/etc/localtime",
		"/usr/share/zoneinfo",
		"/dev/urandom",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
		"/proc",
#endif
	};
	char folder[PATH_MAX];
	for (size_t i = 0; i < PF_COUNT(paths); i++)
		open_up(fence, paths[i], READ);
	open_up(fence, "/", LANDLOCK_ACCESS_FS_READ_DIR);
	open_up(fence, "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	open_program(fence);
	open_folder_of(fence, config->recursion.hints, READ);
	open_folder_of(fence, config->recursion.anchor, READ);
	snprintf(folder, sizeof folder, "%s/" RECURSION_FOLDER, config->state);
	open_up(fence, folder, WRITE & ~LANDLOCK_ACCESS_FS_MAKE_SOCK & ~LANDLOCK_ACCESS_FS_MAKE_DIR);
}

int sandbox_fence_files(const struct config *config, enum sandbox_of of, int *version)
{
	long found = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*version = 0;
	errno = 0;
	if (found < 1)
		return PF_OK;
	struct fence fence = {.handled = handled_by((int)found)};
	struct landlock_ruleset_attr rules = {.handled_access_fs = fence.handled};
	fence.ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
	if (fence.ruleset < 0)
		return PF_EIO;
	if (of == SANDBOX_OF_RECURSOR) {
		open_for_recursor(&fence, config);
	} else {
		open_system(&fence);
		open_program(&fence);
		open_configured(&fence, config);
		open_kept(&fence, config);
	}
	if (!fence.error && syscall(SYS_landlock_restrict_self, fence.ruleset, 0))
		fence.error = errno;
	close(fence.ruleset);
	errno = fence.error;
	if (fence.error)
		return PF_EIO;
	*version = (int)found;
	return PF_OK;
}
