typedef int scheduler_daemon;
