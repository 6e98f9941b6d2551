/* Phrases for the errors of error.h. */
#include "base/error.h"

const char *pf_strerror(int error)
{
	switch (error) {
	case PF_OK: return "no error";
	case PF_ENOMEM: return "out of memory";
	case PF_EINVAL: return "malformed input";
	case PF_EFULL: return "a limit is reached";
	case PF_ENOENT: return "not found";
	case PF_EIO: return "input/output error";
	case PF_ETIMEOUT: return "timed out";
	case PF_ECONFLICT: return "conflict";
	default: return "unknown error";
	}
}
