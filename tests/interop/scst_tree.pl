# What scstadmin's library does with the management tree: the same opens, reads and writes, in the language
# that it is written in (SCST-INTERFACE.md, sections 3.2, 3.3 and 4). Not its text: that is GPL.
#
#     perl scst_tree.pl ROOT probe          what is asked at each start of scstadmin
#     perl scst_tree.pl ROOT write          lines of "PATH TEXT" on standard input, each one write
#     perl scst_tree.pl ROOT config         what is saved, as an scst.conf
#     perl scst_tree.pl ROOT exports DEV    the LUNs that a device is, as its links tell
#     perl scst_tree.pl ROOT sessions DRV TGT
#     perl scst_tree.pl ROOT remove DRV TGT
use strict;
use warnings;
use Errno qw(EAGAIN);
use Fcntl qw(O_RDONLY O_WRONLY S_ISDIR);

my ($root, $command, @arguments) = @ARGV;
my @never_static = qw(cpu_mask filename threads_num threads_pool_type enabled);

sub entries {
    my ($path) = @_;
    opendir(my $directory, $path) or die "Cannot list $path: $!\n";
    my @names = grep { $_ ne '.' && $_ ne '..' && $_ ne 'uevent' && $_ ne 'module' } readdir $directory;
    closedir $directory;
    return @names;
}

sub directories {
    my ($path) = @_;
    return grep { -d "$path/$_" } entries($path);
}

# One read of a page.
sub contents {
    my ($path) = @_;
    sysopen(my $file, $path, O_RDONLY) or die "Cannot open $path: $!\n";
    my $length = sysread($file, my $text, 4096);
    die "Cannot read $path: $!\n" unless defined $length;
    close $file;
    return $text;
}

# One write, and the result that is waited for where it is not done at once. Undefined, or why not.
sub written {
    my ($path, $text) = @_;
    sysopen(my $file, $path, O_WRONLY) or return "open: $!";
    my $length = syswrite($file, $text);
    my $why = defined $length ? $length == length($text) && $length > 0 ? undef : "wrote $length" : "$!";
    my $is_late = !defined $length && $! == EAGAIN;
    close $file;
    return $is_late ? late_result() : $why;
}

# The same descriptor is read until it says something.
sub late_result {
    sysopen(my $file, "$root/last_sysfs_mgmt_res", O_RDONLY) or return "open: $!";
    for (1 .. 300) {
        my $length = sysread($file, my $text, 8);
        return $text =~ /^0/ ? undef : "late: $text" if defined $length;
        return "read: $!" unless $! == EAGAIN;
        sleep 1;
    }
    return 'late';
}

# The names behind a heading of a mgmt.
sub offered {
    my ($directory, $heading) = @_;
    return () unless -e "$directory/mgmt";
    my ($line) = contents("$directory/mgmt") =~ /^The following \Q$heading\E available: (.*)$/m;
    return map { $_ => 1 } split /\s*,\s*/, $line // '';
}

# Attributes by name: [is static, is to be saved, values].
sub attributes {
    my ($path) = @_;
    my %found;
    for my $name (entries($path)) {
        my $file = "$path/$name";
        next if $name eq 'mgmt' || -l $file || -d $file;
        my $mode = (stat $file)[2];
        my $is_static = !($mode & 0200) && !grep { $_ eq $name } @never_static;
        next unless $mode & 0400;
        my ($value, $mark) = split /\n/, contents($file);
        my $is_key = defined $mark && $mark =~ /\[key\]/;
        $name =~ s/\d+$// if $is_key;
        my $values = $found{$name} ? $found{$name}[2] : [];
        $found{$name} = [$is_static, $is_key, [@$values, $value // '']];
    }
    return %found;
}

sub word {
    my ($text) = @_;
    return $text =~ /\s/ ? "\"$text\"" : $text;
}

sub saved_lines {
    my ($path, %create) = @_;
    my %found = attributes($path);
    my @lines;
    for my $name (sort keys %found) {
        my ($is_static, $is_key, $values) = @{ $found{$name} };
        next if $name eq 'trace_level';
        next unless $name eq 'enabled' || $is_key && (!$is_static || $create{$name});
        push @lines, map { "$name " . word($_) } grep { $_ ne '' } sort @$values;
    }
    return @lines;
}

sub block {
    my ($title, @lines) = @_;
    return @lines ? ("$title {", @lines, '}') : ($title);
}

# Numbers with the device that the first link inside leads to.
sub luns {
    my ($path) = @_;
    my %luns;
    for my $lun (grep { /^\d+$/ } directories($path)) {
        my ($link) = grep { -l "$path/$lun/$_" } entries("$path/$lun");
        $luns{$lun} = (split m{/}, readlink "$path/$lun/$link")[-1];
    }
    return %luns;
}

sub lun_lines {
    my ($path) = @_;
    my %luns = luns($path);
    my %create = offered($path, 'parameters');
    return map { block("LUN $_ $luns{$_}", saved_lines("$path/$_", %create)) }
        sort { $a <=> $b } keys %luns;
}

sub target_lines {
    my ($path, %create) = @_;
    my @lines = (saved_lines($path, %create), lun_lines("$path/luns"));
    for my $group (sort(directories("$path/ini_groups"))) {
        my $inner = "$path/ini_groups/$group";
        my @initiators = grep { $_ ne 'mgmt' } entries("$inner/initiators");
        push @lines, block("GROUP $group", lun_lines("$inner/luns"),
            (map { "INITIATOR " . word($_) } sort @initiators), saved_lines($inner));
    }
    return @lines;
}

sub device_group_lines {
    my ($path) = @_;
    my @lines = (saved_lines($path), map { "DEVICE $_" } grep { $_ ne 'mgmt' } entries("$path/devices"));
    for my $group (sort(directories("$path/target_groups"))) {
        my $inner = "$path/target_groups/$group";
        my @targets = map {
            -l "$inner/$_" ? ("TARGET $_") : block("TARGET $_", saved_lines("$inner/$_"))
        } grep { -d "$inner/$_" } entries($inner);
        push @lines, block("TARGET_GROUP $group", saved_lines($inner), @targets);
    }
    return @lines;
}

sub config {
    my @lines = saved_lines($root);
    for my $handler (sort(directories("$root/handlers"))) {
        my %create = offered("$root/handlers/$handler", 'parameters');
        my @devices = grep { (split m{/}, readlink "$root/devices/$_/handler")[-1] eq $handler }
            directories("$root/devices");
        my @inner = (saved_lines("$root/handlers/$handler"),
            map { block("DEVICE $_", saved_lines("$root/devices/$_", %create)) } sort @devices);
        push @lines, block("HANDLER $handler", @inner) if @inner;
    }
    for my $driver (sort(directories("$root/targets"))) {
        my $path = "$root/targets/$driver";
        my %create = -w "$path/mgmt" ? offered($path, 'parameters') : ();
        my @inner = (saved_lines($path),
            map { block("TARGET $_", target_lines("$path/$_", %create)) } sort(directories($path)));
        push @lines, block("TARGET_DRIVER $driver", @inner) if @inner;
    }
    my @alua = saved_lines("$root/device_groups");
    push @lines, block('ALUA', @alua) if @alua;
    for my $group (sort(directories("$root/device_groups"))) {
        push @lines, block("DEVICE_GROUP $group", device_group_lines("$root/device_groups/$group"));
    }
    print "$_\n" for @lines;
}

# Every entry of the root is looked at and read, whatever is to be done.
sub probe {
    die "not root\n" if $> != 0;
    for my $name (entries($root)) {
        my $path = "$root/$name";
        my $is_directory = -d $path;
        my $mode = (stat $path)[2];
        die "$name: -d and stat disagree\n" if !!$is_directory != !!S_ISDIR($mode);
        contents($path) unless $is_directory;
        printf "%s %s %04o\n", $name, $is_directory ? 'directory' : 'file', $mode & 07777;
    }
    my ($major, $minor, $release) = (split /\n/, contents("$root/version"))[0] =~ /(\d+)\.(\d+)\.(\d+)/;
    die "no version\n" unless defined $release && $major >= 2;
    print "version $major.$minor.$release\n";
    # It is waited for on one descriptor: what was read once is read to its end.
    sysopen(my $file, "$root/last_sysfs_mgmt_res", O_RDONLY) or die "$!\n";
    my @lengths = map { sysread($file, my $text, 8) } 1 .. 2;
    print "last result @lengths\n";
}

sub exports {
    my ($device) = @_;
    my $path = "$root/devices/$device/exported";
    for my $name (entries($path)) {
        my $link = readlink "$path/$name";
        $link =~ m{^(?:\.\./)+targets/([^/]+)/([^/]+)/(?:ini_groups/([^/]+)/)?luns/(\d+)$}
            or die "internal error: $link\n";
        next if $1 eq 'copy_manager';
        die "$link leads nowhere\n" unless -d "$path/$name";
        print join(' ', $1, $2, $3 // '-', $4), "\n";
    }
}

sub sessions {
    my ($driver, $target) = @_;
    my $path = "$root/targets/$driver/$target/sessions";
    for my $session (directories($path)) {
        my $link = readlink "$path/$session/luns";
        my ($group) = $link =~ m{^\.\./\.\./ini_groups/([^/]+)/luns$};
        my %luns = luns("$path/$session/luns");
        print "$session $link ", $group // '-', ' ', join(',', map { "$_=$luns{$_}" } sort keys %luns), "\n";
    }
}

sub remove {
    my ($driver, $target) = @_;
    my $path = "$root/targets/$driver/$target";
    my $why = written("$path/enabled", '0');
    die "enabled: $why\n" if defined $why;
    for my $session (directories("$path/sessions")) {
        $why = written("$path/sessions/$session/force_close", '1');
        die "force_close: $why\n" if defined $why;
        for (1 .. 100) {
            last unless -d "$path/sessions/$session";
            select undef, undef, undef, 0.1;
        }
    }
    $why = written("$root/targets/$driver/mgmt", "del_target $target");
    print defined $why ? "$why\n" : -d $path ? "still there\n" : "removed\n";
}

sub write_lines {
    while (my $line = <STDIN>) {
        my ($path, $text) = $line =~ /^(\S+) (.*)$/;
        $text =~ s/\\n/\n/g;
        print written("$root/$path", $text) // 'done', "\n";
    }
}

my %commands = (
    probe => \&probe, write => \&write_lines, config => \&config,
    exports => \&exports, sessions => \&sessions, remove => \&remove,
);
my $run = $commands{$command} or die "No such command: $command\n";
$run->(@arguments);
