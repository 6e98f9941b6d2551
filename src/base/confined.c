/* The words of confined.h. */
#include "base/confined.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *confined_reason(int error, const char *path)
{
	/* Landlock is not asked by access(2), which looks at owner and mode. */
	if (error == EACCES && !access(path, R_OK))
		return "its folder was not named when the daemon started, and the sandbox has none but those "
			   "(restart the daemon, or see `sandbox`)";
	return strerror(error);
}
