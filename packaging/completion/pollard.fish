# Completion of pollard and pollardd in fish.
function __pollard_zones
    awk '!/^#/ { print $3 }' /usr/share/zoneinfo/zone.tab 2>/dev/null
    echo UTC
end
function __pollard_feeds
    pollard feeds 2>/dev/null | awk 'NR > 1 { print $1 }'
end
complete -c pollard -f
@FISH_COMMANDS@
complete -c pollard -n __fish_use_subcommand -a help -d 'what commands and keys there are'
complete -c pollard -n '__fish_seen_subcommand_from help' -a keys
complete -c pollardd -f
@FISH_SERVICE@
