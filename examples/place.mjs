import { findPlace, parseServiceName, readConfig, serviceName } from "moorage/project";

const place = findPlace(import.meta.dirname ?? process.cwd());
const { id, label } = place.project;
console.log(/^.+-[\da-f]{8}$/.test(id), label !== ""); //=> true true

const name = serviceName(place, "web");
console.log(parseServiceName(name).service, name.startsWith(`${id}/`)); //=> web true

// What the moorage.json of the place says; this one has none.
console.log(readConfig(place).file, readConfig(place).services.size); //=> null 0
