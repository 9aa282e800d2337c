#include "feeds/feed_load.h"
