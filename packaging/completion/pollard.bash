# Completion of pollard and pollardd in bash.
_pollard_choose() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}
_pollard_zones() {
    awk '!/^#/ { print $3 }' /usr/share/zoneinfo/zone.tab 2>/dev/null
    echo UTC
}
_pollard_feeds() { # with the --config of the line, if it has one
    local place config=()
    for place in "${!COMP_WORDS[@]}"; do
        [[ ${COMP_WORDS[place]} == --config ]] && config=(--config "${COMP_WORDS[place + 1]}")
    done
    "${COMP_WORDS[0]}" feeds "${config[@]}" 2>/dev/null | awk 'NR > 1 { print $1 }'
}
_pollard() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
@BASH_FIRST_WORDS@
        return
    fi
    case ${COMP_WORDS[1]} in
@BASH_COMMANDS@
    esac
    _pollard_choose -W "$options"
}
_pollardd() {
    local before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $before in
@BASH_SERVICE_VALUES@
    esac
@BASH_SERVICE_NAMES@
}
complete -o filenames -F _pollard pollard
complete -o filenames -F _pollardd pollardd
