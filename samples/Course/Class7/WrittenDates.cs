namespace Course;

/// <summary>Dates as people write them in English and in Spanish.</summary>
internal static class WrittenDates
{
    private static readonly string[] Months = "January February March April May June July August September October November December".Split(' '),
        Meses = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".Split(' '),
        Semana = "domingo lunes martes miércoles jueves viernes sábado".Split(' '),
        Ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first".Split(' '),
        Cardinals = "primero,dos,tres,cuatro,cinco,seis,siete,ocho,nueve,diez,once,doce,trece,catorce,quince,dieciséis,diecisiete,dieciocho,diecinueve,veinte,veintiuno,veintidós,veintitrés,veinticuatro,veinticinco,veintiséis,veintisiete,veintiocho,veintinueve,treinta,treinta y uno".Split(',');

    /// <summary>A date in one of eleven forms, numbered from 0: six of English, five of Spanish.</summary>
    public static string Of(DateOnly d, int form)
    {
        var (month, mes, ending) = (Months[d.Month - 1], Meses[d.Month - 1], d.Day switch { 1 or 21 or 31 => "st", 2 or 22 => "nd", 3 or 23 => "rd", _ => "th" });
        return form switch
        {
            0 => $"{month} {d.Day}, {d.Year}",
            1 => $"{month} {d.Day}{ending}, {d.Year}",
            2 => $"{d.Day} {month} {d.Year}",
            3 => $"{month[..3]} {d.Day} '{d.Year % 100:00}", // 1950 to 2049
            4 => $"{d.DayOfWeek}, {month} {d.Day}, {d.Year}",
            5 => $"{Ordinals[d.Day - 1]} of {month}, {d.Year}",
            6 => $"{d.Day} de {mes} de {d.Year}",
            7 => $"{Semana[(int)d.DayOfWeek]} {d.Day} de {mes} de {d.Year}",
            8 => $"{Cardinals[d.Day - 1]} de {mes} de {d.Year}",
            9 => $"{d.Day}-{mes[..3]}-{d.Year}",
            _ => $"{mes} {d.Day} de {d.Year}",
        };
    }

    /// <summary>Three numbers, and the dates that they may be: read by the day first, by the month first, by the year first.</summary>
    public static (string Text, string[] Readings) Numbers(int a, int b, int c) =>
        ($"{a:00}/{b:00}/{c:00}", [$"20{c:00}-{b:00}-{a:00}", $"20{c:00}-{a:00}-{b:00}", $"20{a:00}-{b:00}-{c:00}"]);
}
