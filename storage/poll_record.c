#include "storage/poll_record.h"
